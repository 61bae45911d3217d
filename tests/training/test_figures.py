"""A column of figures has one number of decimals, in a text and on a page."""

from __future__ import annotations

import pytest

from tests.training.pages import ragged
from training.figures import Decimals
from training.report import Interval


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ([(0.5, 0.48612, 0.52)], "0.500 (0.486 to 0.520)"),
        ([(1234.5, 1100.0, 1300.0)], "1,234 (1,100 to 1,300)"),
        ([(0.5, 0.4, 0.6), (3.0, 1.0, 4.0)], "0.50 (0.40 to 0.60)"),
        ([(-0.0001, -0.3, 0.2)], "-0.00 (-0.30 to 0.20)"),
        ([(-0.0, 0.0, 0.0)], "0.0 (0.0 to 0.0)"),
        ([(1e-9, 0.0, 2e-9)], "0.000000 (0.000000 to 0.000000)"),
    ],
)
def test_the_narrowest_interval_of_a_column_keeps_two_digits_of_its_width(
    column: list[tuple[float, float, float]], shown: str
) -> None:
    intervals = [Interval(*one) for one in column]
    assert Decimals(intervals)(intervals[0]) == shown


def test_a_ragged_column_is_told_from_one_that_is_not() -> None:
    table = "<table><tr><th>a</th></tr><tr><td>{}</td></tr><tr><td>{}</td></tr></table>"
    assert ragged(table.format("0.50 (0.4 to 0.61)", "0.25 (0.10 to 0.30)")) != []
    assert ragged(table.format("0.50 (0.40 to 0.61)", "1,000.25 (0.10 to 0.30)")) == []
    assert ragged(table.format("sha256:1.25", "0.5")) == []
