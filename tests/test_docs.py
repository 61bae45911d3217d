"""What can happen is written down: a code without its page is a fault."""

from pathlib import Path
from typing import get_args

import pytest

from engine.domain import Code
from engine.plan import Why

DOCS = Path(__file__).parent.parent / "docs"


@pytest.mark.parametrize("code", [*get_args(Code), *get_args(Why)])
def test_every_reason_code_is_documented(code: str) -> None:
    assert f"`{code}`" in (DOCS / "reasons.md").read_text()
