"""How near the latest answers are to a moment, and what those that are near say of each action.

    alike  = exp(−apart / 0.15),   nearby = exp(−1.5 · apart²)
    smooth = Σ alike · left / (1 + Σ alike),   sharp = Σ alike · missed / 2

`apart` is a sum of absolute differences, each times how much its column counts, in units of the
typical distance. Loops over all answers kept, so in machine code but for the exponentials, which
numpy works out many at a time. It must not know how any of it is learned.
"""

from __future__ import annotations

from math import exp
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.models.online.expansion import Vector

Numbers: TypeAlias = NDArray[np.float64]
Owners: TypeAlias = NDArray[np.intp]
Trust: TypeAlias = tuple[float, float]  # in what is smooth and in what is sharp

_LENGTH = 0.15  # how near is alike, in typical distances
_NEAR = 1.5
_STEP = 0.5  # of what was missed
_LEVEL = 0.1  # a column along which nothing is steep counts a little
_BEND = 0.75  # of squared slopes
_TYPICAL = exp(-_NEAR)
SAME = exp(-1e-3 / _LENGTH)
"""What is more alike is the same place: float32 tells no two equal ones further apart."""

_FEW = 10  # so few actions that going over all answers for each is the shorter way


def nearness(
    places: Vector, metric: Vector, place: Vector, reach: float, held: int
) -> tuple[Vector, float]:
    """How alike and how nearby the first `held` answers are, each from 0 to 1, shape (2, held);
    and how far apart they are on average. `places`: a column an answer, of numbers that count as
    `metric` says; `reach`: the typical distance, which is one."""
    exponents = np.empty((2, held), np.float32)
    total = _exponents(places, metric, place, reach, exponents)
    return np.exp(exponents, exponents), total / max(held, 1)


def recalled(
    owners: Owners, weights: Vector, left: Vector, missed: Vector, trust: Trust, actions: int
) -> Numbers:
    """Of each action what is smooth, what is sharp, both added up as far as they are trusted, and
    the share of its answers that were nearby, as if it had had one more at the typical distance;
    shape (4, actions). `weights`: how alike and nearby answers are; those of actions beyond are
    left out."""
    said = np.empty((4, actions))
    _recalled(owners, weights, left, missed, trust, said)
    return said


@compiled("float32[::1](float32[::1])")
def metric_of(slopes: Vector) -> Vector:
    """How much each number of a place counts in a distance, by how steep it is (squared); one each
    where nothing is."""
    counts = np.ones_like(slopes)
    typical = slopes.sum() / max(len(slopes), 1)
    if typical > 0.0:
        for column in range(len(slopes)):
            counts[column] = (slopes[column] / typical + _LEVEL) ** _BEND
    return counts


@compiled("void(float32[::1], float32[:, ::1], float32[::1], float64)")
def average(slopes: Vector, parts: Vector, latest: Vector, weight: float) -> None:
    """Move each number's mean slope by `weight` of how far the latest are from it, which are given
    by column; `parts` (numbers × columns) says what share of a number each column is."""
    for number in range(len(slopes)):
        steep = np.float32(0.0)
        for column in range(len(latest)):
            steep += parts[number, column] * latest[column]
        slopes[number] += weight * (steep - slopes[number])


@compiled("float64(float32[:, ::1], float32[::1], float32[::1], float64, float32[:, ::1])")
def _exponents(
    places: Vector, metric: Vector, place: Vector, reach: float, exponents: Vector
) -> float:
    """Of alike and nearby; and how far apart all are together."""
    apart, nearby = exponents[0], exponents[1]
    apart[:] = 0.0
    for column in range(len(place)):
        kept, here, counts = places[column], place[column], metric[column]
        for at in range(len(apart)):
            apart[at] += counts * abs(kept[at] - here)
    total, unit = 0.0, np.float32(1.0 / reach)
    for at in range(len(apart)):
        far = apart[at] * unit
        total += far
        apart[at] = far * np.float32(-1.0 / _LENGTH)
        nearby[at] = far * far * np.float32(-_NEAR)
    return total


_SUMS = "void(intp[::1], float32[:, ::1], float32[::1], float32[::1], float64[:, ::1])"


@compiled(_SUMS)
def _by_action(
    owners: Owners, weights: Vector, left: Vector, missed: Vector, sums: Numbers
) -> None:
    """Of alike, alike · left, alike · missed, nearby and one, added up by action: going over all
    answers for each, several at once."""
    for action in range(len(sums)):
        total = smooth = sharp = near = answers = np.float32(0.0)
        for at in range(weights.shape[1]):
            own = np.float32(owners[at] == action)
            alike = own * weights[0, at]
            total += alike
            smooth += alike * left[at]
            sharp += alike * missed[at]
            near += own * weights[1, at]
            answers += own
        sums[action, 0], sums[action, 1], sums[action, 2] = total, smooth, sharp
        sums[action, 3], sums[action, 4] = near, answers


@compiled(_SUMS)
def _by_answer(
    owners: Owners, weights: Vector, left: Vector, missed: Vector, sums: Numbers
) -> None:
    """The same, going over the answers once, one at a time."""
    for at in range(weights.shape[1]):
        if owners[at] < len(sums):
            own, alike = sums[owners[at]], weights[0, at]
            own[0] += alike
            own[1] += alike * left[at]
            own[2] += alike * missed[at]
            own[3] += weights[1, at]
            own[4] += 1.0


@compiled(
    "void(intp[::1], float32[:, ::1], float32[::1], float32[::1], UniTuple(float64, 2),"
    " float64[:, ::1])"
)
def _recalled(
    owners: Owners, weights: Vector, left: Vector, missed: Vector, trust: Trust, said: Numbers
) -> None:
    sums = np.zeros((said.shape[1], 5))
    if len(sums) <= _FEW:
        _by_action(owners, weights, left, missed, sums)
    else:
        _by_answer(owners, weights, left, missed, sums)
    for action in range(len(sums)):
        own = sums[action]
        smooth, sharp = own[1] / (1.0 + own[0]), _STEP * own[2]
        said[0, action], said[1, action] = smooth, sharp
        said[2, action] = trust[0] * smooth + trust[1] * sharp
        said[3, action] = (_TYPICAL + own[3]) / (1.0 + own[4])
