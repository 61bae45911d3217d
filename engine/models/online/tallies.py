"""What the answers of each leaf and action come to, so that a moment asks for sums, not answers.

A table of leaves × actions, of those actions that have answers: so many leaves are grown that
it has at most `CELLS` cells. It must not know trees, nor what its numbers mean.
"""

from __future__ import annotations

import numpy as np

from engine.compiled import compiled
from engine.models.online.ways import PARTS, Parts
from engine.models.online.wood import Cuts, Ends, Numbers, Places

CELLS = 2**19
"""Of 40 bytes each."""

_NONE: Parts = (0.0, 0.0, 0.0, 0.0, 0.0)


class Tallies:
    """`ends` (answers × trees): each answer's leaves, all of them below `leaves`; `owners`
    (answers,): its action's row; `parts` (answers × PARTS): what is added up."""

    def __init__(self, leaves: int, ends: Ends, owners: Places, parts: Cuts) -> None:
        known, seats = np.unique(owners, return_inverse=True)
        self.owners: Places = known
        self._seats = {owner: seat for seat, owner in enumerate(known.tolist())}
        self._table = np.zeros((leaves, _room(len(known)), PARTS))
        _count(self._table, ends, seats, parts)

    def at(self, leaves: Ends) -> Numbers:
        """Σ over these leaves, of each of `owners`; shape (owners, PARTS)."""
        return _at(self._table, leaves, len(self.owners))

    def of(self, leaves: Ends, owner: int) -> Parts:
        """The same of one action."""
        seat = self._seats.get(owner)
        return _NONE if seat is None else _of(self._table, leaves, seat)

    def fits(self, owner: int) -> bool:
        """Whether that action has a seat, or there is one for it."""
        leaves, room, _ = self._table.shape
        more = owner not in self._seats and len(self._seats) == room
        return not more or 2 * room * leaves <= CELLS

    def add(self, leaves: Ends, owner: int, parts: Parts) -> None:
        """An answer came (or, with its parts negated, went) that ended in these leaves."""
        seat = self._seats.setdefault(owner, len(self._seats))
        if seat == len(self.owners):
            self.owners = np.append(self.owners, owner)
        if seat == self._table.shape[1]:
            self._table = np.hstack([self._table, np.zeros_like(self._table)])
        _add(self._table, leaves, seat, parts)


def most_leaves(owners: int) -> int:
    """As many as the table has room for, of so many actions."""
    return CELLS // _room(owners)


def _room(owners: int) -> int:
    """Seats for so many: the same however they came, one by one or at once."""
    return 1 << max(owners - 1, 0).bit_length()


@compiled("void(float64[:, :, ::1], uint16[:, ::1], int64[::1], float32[:, ::1])")
def _count(table: Numbers, ends: Ends, seats: Places, parts: Cuts) -> None:
    for answer in range(len(seats)):
        for leaf in ends[answer]:
            for part in range(PARTS):
                table[leaf, seats[answer], part] += parts[answer, part]


@compiled("void(float64[:, :, ::1], uint16[::1], int64, UniTuple(float64, 5))")
def _add(table: Numbers, leaves: Ends, seat: int, parts: Parts) -> None:
    for leaf in leaves:
        for part in range(PARTS):
            table[leaf, seat, part] += parts[part]


@compiled("float64[:, ::1](float64[:, :, ::1], uint16[::1], int64)")
def _at(table: Numbers, leaves: Ends, seats: int) -> Numbers:
    """Of the first so many."""
    flat, sums = table.reshape(len(table), -1), np.zeros(seats * PARTS)
    for leaf in leaves:
        for cell in range(len(sums)):
            sums[cell] += flat[leaf, cell]
    return sums.reshape(seats, PARTS)


@compiled("UniTuple(float64, 5)(float64[:, :, ::1], uint16[::1], int64)")
def _of(table: Numbers, leaves: Ends, seat: int) -> Parts:
    count, honest, missed, alone, rewards = 0.0, 0.0, 0.0, 0.0, 0.0
    for leaf in leaves:
        count += table[leaf, seat, 0]
        honest += table[leaf, seat, 1]
        missed += table[leaf, seat, 2]
        alone += table[leaf, seat, 3]
        rewards += table[leaf, seat, 4]
    return count, honest, missed, alone, rewards
