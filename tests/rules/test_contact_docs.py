"""What docs/contact.md shows authors does run."""

from __future__ import annotations

import re
from pathlib import Path

from engine.catalogue import compile_catalogue

PAGE = (Path(__file__).parents[2] / "docs" / "contact.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)


def test_the_examples_for_authors_compile_together() -> None:
    files = {f"{number}.yaml": text.encode() for number, text in enumerate(EXAMPLES)}
    catalogue = compile_catalogue(files)
    assert catalogue.contact.reach >= 30 * 24 * 60 * 60 * 1000
    policies = "".join(text for text in EXAMPLES if text.startswith("contact:"))
    assert len(re.findall("^  - ", policies, re.M)) == 7
