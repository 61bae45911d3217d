"""What the pages say of the bake-off follows from the figures they give."""

from __future__ import annotations

from math import exp, log
from pathlib import Path
from statistics import mean

import matplotlib as mpl
import pytest

from training.bakeoff.picture import losses
from training.bakeoff.race import Played, Result

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "bakeoff.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
PICTURE = (ROOT / "docs" / "pictures" / "bakeoff.svg").read_text("utf-8")


def rows(columns: int) -> list[list[str]]:
    """The lines of the table so wide whose second cell is a number of rows."""
    cells = [[one.strip() for one in line.strip("|").split("|")] for line in PAGE.splitlines()]
    return [row for row in cells if len(row) == columns and row[1].replace(",", "").isdigit()]


@pytest.mark.parametrize(
    ("columns", "ours", "theirs", "below", "geometric", "worst"),
    [
        (11, 3, 4, "17 of 17", "0.65", "0.99"),
        (11, 3, 7, "17 of 17", "0.43", "0.98"),
        (9, 4, 5, "22 of 27", "0.92", "1.05"),
    ],
    ids=["told the scale", "as they are", "hard"],
)
def test_the_standing_is_that_of_the_table(
    columns: int, ours: int, theirs: int, below: str, geometric: str, worst: str
) -> None:
    ratios = [float(row[ours]) / float(row[theirs].split(",")[0]) for row in rows(columns)]
    less, sets = map(int, below.split(" of "))
    assert len(ratios) == sets
    assert sum(one < 1.0 for one in ratios) <= less <= sum(one <= 1.0 for one in ratios)  # rounded
    assert f"{exp(mean(log(one) for one in ratios)):.2f}" == geometric
    assert f"{max(ratios):.2f}" == worst
    assert f"{below}; {geometric}, {worst}" in README


@pytest.mark.skipif(f"v{mpl.__version__}," not in PICTURE, reason="drawn by another matplotlib")
def test_the_picture_is_that_of_the_table() -> None:
    contestants = {"ours": 3, "vw best": 4, "mabwiser best": 8, "full information": 9}
    played = [
        Played(
            name=row[0],
            digest="",
            rows=int(row[1].replace(",", "")),
            actions=int(row[2]),
            results={
                who: Result((float(row[at].split()[0]),), 0.0) for who, at in contestants.items()
            },
        )
        for row in rows(11)
    ]
    assert losses(played) == PICTURE, (
        "draw it anew: write losses(played) to docs/pictures/bakeoff.svg"
    )
