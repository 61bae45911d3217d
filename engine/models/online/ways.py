"""What the answers in a moment's leaves say of an action, in four ways, and how much they count.

    Σ honest / (D + n),   Σ missed / (D + n):   added to the mean of the rest
    Σ alone / (D + n):                          added to that of the weights alone
    (Σ reward + D · rest) / (D + n):            instead of any

n counts the answers, once a tree; D is doubt. They err in ways of their own, so that most of
what trees say is the four's average; the rest, and whether trees are believed at all, is weighed
by exp(−2 · squared errors). It must not know where answers are kept.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp
from typing import TypeAlias

import numpy as np

from engine.compiled import compiled
from engine.models.online.wood import TREES, Ends, Numbers, Places

Losses: TypeAlias = tuple[float, float, float, float, float]
Parts: TypeAlias = tuple[float, float, float, float, float]

PARTS = 5
"""What is added up of an answer: one, and what is honest, missed, alone, and the reward."""

_DOUBT = 0.5 * TREES  # answers that say the rest was right
_RATE = 2.0  # at which squared errors up to one are mixable
_KEEP = 0.999  # who did better in about the last thousand answers
_EQUAL = 0.7  # of what trees say, whoever did better

Ways: TypeAlias = tuple[float, float, float, float]


@compiled("UniTuple(float64, 4)(UniTuple(float64, 5), float64, float64)")
def said(sums: Parts, rest: float, alone: float) -> Ways:
    """What each way adds to the mean `rest` of an action, where the weights' `alone` is that;
    `sums` are of PARTS in all leaves."""
    count, honest, missed, lone, rewards = sums
    share = 1.0 / (_DOUBT + count)
    return (
        honest * share,
        missed * share,
        alone - rest + lone * share,
        (rewards - count * rest) * share,
    )


@compiled(
    "float64[::1](UniTuple(float64, 4), float64[:, :, ::1], uint16[::1], int64[::1],"
    "float64[::1], float64[::1])"
)
def together(
    ways: Ways, table: Numbers, leaves: Ends, owners: Places, rest: Numbers, alone: Numbers
) -> Numbers:
    """What the four, each counting so much, add to the means of all actions. `table` (leaves,
    seats, PARTS) has what is summed up over these leaves, by the seats of `owners`; of those that
    are no row of `rest` nothing is told."""
    cells, sums = table.reshape(len(table), -1), np.zeros(len(owners) * PARTS)
    for leaf in leaves:
        for cell in range(len(sums)):
            sums[cell] += cells[leaf, cell]
    told = np.zeros(len(rest))
    for seat in range(len(owners)):
        row = owners[seat]
        if row < len(rest):
            of = sums[seat * PARTS : (seat + 1) * PARTS]
            parts = of[0], of[1], of[2], of[3], of[4]
            one, two, three, four = said(parts, rest[row], alone[row])
            told[row] = ways[0] * one + ways[1] * two + ways[2] * three + ways[3] * four
    return told


@lru_cache(maxsize=4)  # asked of a moment, and again when it is learned of
@compiled("Tuple((float64, UniTuple(float64, 4)))(UniTuple(float64, 5))")
def trust(losses: Losses) -> tuple[float, Ways]:
    """How much nothing counts, and each of the four ways; they add up to one."""
    least = min(losses)
    nothing = exp(_RATE * (least - losses[0]))
    one, two = exp(_RATE * (least - losses[1])), exp(_RATE * (least - losses[2]))
    three, four = exp(_RATE * (least - losses[3])), exp(_RATE * (least - losses[4]))
    trees = one + two + three + four
    total = nothing + trees
    own, equal = (1.0 - _EQUAL) / total, _EQUAL * trees / total / 4.0
    ways = own * one + equal, own * two + equal, own * three + equal, own * four + equal
    return nothing / total, ways


@compiled("UniTuple(float64, 5)(UniTuple(float64, 5), float64, UniTuple(float64, 4))")
def judged(losses: Losses, off: float, ways: Ways) -> Losses:
    """The same with one more answer, which the rest was off by, and what each way had said."""
    return (
        _KEEP * (losses[0] + min(off**2, 1.0)),
        _KEEP * (losses[1] + min((off - ways[0]) ** 2, 1.0)),
        _KEEP * (losses[2] + min((off - ways[1]) ** 2, 1.0)),
        _KEEP * (losses[3] + min((off - ways[2]) ** 2, 1.0)),
        _KEEP * (losses[4] + min((off - ways[3]) ** 2, 1.0)),
    )


def added(one: Losses, other: Losses) -> Losses:
    """Both's."""
    first, second, third, fourth, fifth = (a + b for a, b in zip(one, other, strict=True))
    return first, second, third, fourth, fifth
