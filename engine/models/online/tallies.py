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
    """`table`: (leaves, seats, PARTS) sums, of whom there is one seat each in `owners`."""

    def __init__(self, leaves: int, ends: Ends, owners: Places, parts: Cuts) -> None:
        """`ends` (answers × trees): each answer's leaves, all of them below `leaves`; `owners`
        (answers,): its action's row; `parts` (answers × PARTS): what is added up."""
        known, seats = np.unique(owners, return_inverse=True)
        self.owners: Places = known
        self._seats = {owner: seat for seat, owner in enumerate(known.tolist())}
        self.table = np.zeros((leaves, _room(len(known)), PARTS))
        _count(self.table, ends, seats, parts)

    def of(self, leaves: Ends, owner: int) -> Parts:
        """Σ over these leaves, of one action."""
        seat = self._seats.get(owner)
        return _NONE if seat is None else _of(self.table, leaves, seat)

    def fits(self, owner: int) -> bool:
        """Whether that action has a seat, or there is one for it."""
        leaves, room, _ = self.table.shape
        more = owner not in self._seats and len(self._seats) == room
        return not more or 2 * room * leaves <= CELLS

    def add(self, leaves: Ends, owner: int, parts: Parts) -> None:
        """An answer came (or, with its parts negated, went) that ended in these leaves."""
        seat = self._seats.setdefault(owner, len(self._seats))
        if seat == len(self.owners):
            self.owners = np.append(self.owners, owner)
        if seat == self.table.shape[1]:
            self.table = np.hstack([self.table, np.zeros_like(self.table)])
        _add(self.table, leaves, seat, parts)


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
            for part in range(table.shape[2]):
                table[leaf, seats[answer], part] += parts[answer, part]


@compiled("void(float64[:, :, ::1], uint16[::1], int64, UniTuple(float64, 5))")
def _add(table: Numbers, leaves: Ends, seat: int, parts: Parts) -> None:
    for leaf in leaves:
        for part in range(table.shape[2]):
            table[leaf, seat, part] += parts[part]


@compiled("UniTuple(float64, 5)(float64[:, :, ::1], uint16[::1], int64)")
def _of(table: Numbers, leaves: Ends, seat: int) -> Parts:
    one, two, three, four, five = 0.0, 0.0, 0.0, 0.0, 0.0
    for leaf in leaves:
        one += table[leaf, seat, 0]
        two += table[leaf, seat, 1]
        three += table[leaf, seat, 2]
        four += table[leaf, seat, 3]
        five += table[leaf, seat, 4]
    return one, two, three, four, five
