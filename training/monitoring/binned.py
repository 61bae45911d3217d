"""What may drift, in bins: every input of what decided, and the propensity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from training.monitoring import psi
from training.monitoring.traffic import Mask, Numbers, Traffic

_PROPENSITY = "propensity"


@dataclass(frozen=True)
class Column:
    """A column of the whole traffic in bins."""

    codes: Numbers
    count: int
    held: Mask

    def of(self, subjects: Numbers, rows: slice) -> tuple[Numbers, Numbers]:
        """Bins and customers of the rows there, of those that can tell."""
        held = self.held[rows]
        return self.codes[rows][held], subjects[held]


def binned(traffic: Traffic, first: int, smallest: int) -> Iterator[tuple[str, Column]]:
    """Each column by its name, in bins of the `first` rows; `smallest`: rows of the least stretch
    that is held against them."""
    for name, column, held in _columns(traffic):
        before = column.iloc[:first][held[:first]]
        if len(before):
            found = psi.bins(before, smallest)
            yield name, Column(found.codes(column), found.count, held)


def _columns(traffic: Traffic) -> Iterator[tuple[str, pd.Series, Mask]]:
    """What may drift, every input and the propensity, and the rows that can tell."""
    for name in traffic.inputs:
        yield str(name), traffic.inputs[name], traffic.known
    promised = pd.Series(traffic.promised)
    yield _PROPENSITY, promised, promised.notna().to_numpy()
