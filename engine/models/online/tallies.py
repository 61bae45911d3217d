"""What the answers of each leaf and action come to, so that a moment asks for sums, not answers.

A table of leaves × actions, of those actions that have answers: so many leaves are grown that
it has at most `CELLS` cells. It must not know trees, nor what its numbers mean.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.models.online.ways import PARTS
from engine.models.online.wood import TREES, Ends, Numbers, Places

CELLS = 2**19
"""Of 40 bytes each."""


class Tallies:
    """`ends` (answers × trees): each answer's leaves; `owners` (answers,): its action's row;
    `parts`: what is added up, PARTS times one number an answer."""

    def __init__(self, leaves: int, ends: Ends, owners: Places, parts: Iterable[Numbers]) -> None:
        known, seats = np.unique(owners, return_inverse=True)
        self.owners: Places = known
        self.rows = int(known.max(initial=-1)) + 1
        self._seats = {owner: seat for seat, owner in enumerate(known.tolist())}
        self._leaves, self._room = leaves, _room(len(known))
        cells = (ends.astype(np.intp) * self._room + seats[:, None]).ravel()
        sums = [
            np.bincount(cells, part.repeat(TREES), leaves * self._room).astype(np.float64)
            for part in parts
        ]
        self._sums = np.stack(sums, axis=1)

    def at(self, leaves: Places) -> Numbers:
        """Σ over these leaves, of each of `owners`; shape (owners, PARTS)."""
        table = self._sums.reshape(self._leaves, -1)
        sums: Numbers = np.add.reduce(table.take(leaves, 0)).reshape(self._room, PARTS)
        return sums[: len(self.owners)]

    def of(self, leaves: Places, owner: int) -> Numbers:
        """The same of one action; shape (PARTS,)."""
        seat = self._seats.get(owner)
        if seat is None:
            return np.zeros(PARTS)
        sums: Numbers = np.add.reduce(self._sums.take(leaves * self._room + seat, 0))
        return sums

    def fits(self, owner: int) -> bool:
        """Whether that action has a seat, or there is one for it."""
        more = owner not in self._seats and len(self._seats) == self._room
        return not more or 2 * self._room * self._leaves <= CELLS

    def add(self, leaves: Places, owner: int, parts: NDArray[np.float64]) -> None:
        """An answer came (or, with its parts negated, went) that ended in these leaves."""
        seat = self._seats.setdefault(owner, len(self._seats))
        if seat == len(self.owners):
            self.owners = np.append(self.owners, owner)
            self.rows = max(self.rows, owner + 1)
        if seat == self._room:
            table = self._sums.reshape(self._leaves, -1)
            self._sums = np.hstack([table, np.zeros_like(table)]).reshape(-1, PARTS)
            self._room *= 2
        self._sums[leaves * self._room + seat] += parts


def most_leaves(owners: int) -> int:
    """As many as the table has room for, of so many actions."""
    return CELLS // _room(owners)


def _room(owners: int) -> int:
    """Seats for so many: the same however they came, one by one or at once."""
    return 1 << max(owners - 1, 0).bit_length()
