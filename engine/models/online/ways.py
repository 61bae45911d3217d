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

from engine.models.online.wood import TREES, Numbers

Losses: TypeAlias = tuple[float, float, float, float, float]

PARTS = 5
"""What is added up of an answer: one, and what is honest, missed, alone, and the reward."""

_DOUBT = 0.5 * TREES  # answers that say the rest was right
_RATE = 2.0  # at which squared errors up to one are mixable
_KEEP = 0.999  # who did better in about the last thousand answers
_EQUAL = 0.7  # of what trees say, whoever did better


Ways: TypeAlias = tuple[float, float, float, float]


def said(sums: Numbers, rest: float, alone: float) -> Ways:
    """What each way adds to the mean `rest` of an action, where the weights' `alone` is that;
    `sums` are of PARTS in all leaves, (PARTS,)."""
    count, honest, missed, lone, rewards = sums.tolist()
    total = _DOUBT + count
    return (
        honest / total,
        missed / total,
        alone - rest + lone / total,
        (rewards - count * rest) / total,
    )


def together(ways: Ways, sums: Numbers, rest: Numbers, alone: Numbers) -> Numbers:
    """What the four, each counting so much, add to the means of many actions; `sums` of those,
    (actions, PARTS). Shape (actions,)."""
    told: Numbers = sums.dot((0.0, *ways))
    count = sums[:, 0]
    told -= count * rest * ways[3]
    told /= count + _DOUBT
    told += (alone - rest) * ways[2]
    return told


@lru_cache(maxsize=4)  # asked of a moment, and again when it is learned of
def trust(losses: Losses) -> tuple[float, Ways]:
    """How much nothing counts, and each of the four ways; they add up to one."""
    least = min(losses)
    weights = [exp(_RATE * (least - loss)) for loss in losses]
    total = sum(weights)
    nothing = weights[0] / total
    equal = _EQUAL * (1.0 - nothing) / (len(weights) - 1)
    one, two, three, four = ((1.0 - _EQUAL) * weight / total + equal for weight in weights[1:])
    return nothing, (one, two, three, four)


def judged(losses: Losses, off: float, ways: Ways) -> Losses:
    """The same with one more answer, which the rest was off by, and what each way had said."""
    one, two, three, four = (off - way for way in ways)
    nothing, honest, missed, lone, rewards = losses
    return (
        _KEEP * (nothing + min(off**2, 1.0)),
        _KEEP * (honest + min(one**2, 1.0)),
        _KEEP * (missed + min(two**2, 1.0)),
        _KEEP * (lone + min(three**2, 1.0)),
        _KEEP * (rewards + min(four**2, 1.0)),
    )


def added(one: Losses, other: Losses) -> Losses:
    """Both's."""
    first, second, third, fourth, fifth = (a + b for a, b in zip(one, other, strict=True))
    return first, second, third, fourth, fifth
