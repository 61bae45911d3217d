"""Figures for people: one column, one number of decimals."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, log10

from training.report import Interval

MOST = 6


class Decimals:
    """Shows the figures of one column alike: with so many decimals that the narrowest of these
    intervals keeps two digits of its width, at most `MOST`; more would be noise."""

    def __init__(self, column: Iterable[Interval]) -> None:
        widths = [one.high - one.low for one in column]
        narrowest = min((width for width in widths if width > 0.0), default=1.0)
        self._places = min(max(1 - floor(log10(narrowest)), 0), MOST)

    def number(self, value: float) -> str:
        """A figure without an interval; one that is below zero keeps its sign, however small."""
        return f"{value + 0.0:,.{self._places}f}"

    def __call__(self, found: Interval) -> str:
        """A figure and its interval."""
        value, low, high = map(self.number, (found.value, found.low, found.high))
        return f"{value} ({low} to {high})"
