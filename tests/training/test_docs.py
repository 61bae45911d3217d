"""What the page for data scientists says runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from engine.models.features import SOURCES
from engine.models.kinds import KINDS
from engine.registry import Registry

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "models.md").read_text()


def test_the_script_on_the_page_trains_publishes_and_promotes(tmp_path: Path) -> None:
    script = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr
    assert "over popularity: AUC +" in ran.stdout
    registry = Registry(tmp_path / "var")
    assert registry.load("propensity", registry.resolve("propensity")).kind == "logistic"


def test_every_kind_and_every_source_is_on_the_page() -> None:
    assert all(f"| `{kind}` |" in PAGE for kind in KINDS)
    assert all(f"`{source}" in PAGE for source in SOURCES)
