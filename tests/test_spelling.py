"""What a name nobody knows may have been meant to be: the same everywhere, in each room's words."""

from __future__ import annotations

from pathlib import Path

from engine.spelling import meant

HOUSE = Path(__file__).parent.parent


def test_the_known_name_most_like_it_is_hinted_at() -> None:
    assert meant("emial", ["phone", "email"]) == "did you mean email?"
    assert meant("emial", {"email": 1}, "; ", repr) == "; did you mean 'email'?"


def test_nothing_is_said_where_no_known_name_is_like_it() -> None:
    assert meant("x", ["phone", "email"], "; ") == ""
    assert meant("x", []) == ""


def test_likeness_is_worked_out_in_one_place() -> None:
    rooms = [
        HOUSE / "api.py",
        *(HOUSE / "engine").rglob("*.py"),
        *(HOUSE / "training").rglob("*.py"),
    ]
    asking = [one for one in rooms if "difflib" in one.read_text(encoding="utf-8")]
    assert [one.name for one in asking] == ["spelling.py"]
