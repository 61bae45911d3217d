from __future__ import annotations

from pathlib import Path

import pytest

import engine.store

SCRIPTS = sorted((Path(engine.store.__file__).parent / "scripts").glob("*.lua"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_short_and_names_what_it_is_given(script: Path) -> None:
    text = script.read_text()
    assert len(text.splitlines()) < 50
    assert text.startswith("#!lua")
    assert "-- KEYS[1]" in text
