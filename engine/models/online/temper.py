"""How much of what tells one moment from another is believed: as much as came true so far.

    mean = rate + slope · (expected − rate),   slope = (D + Σ d · e) / (D + Σ d²)

rate: what an action's answers came to on average, what is expected now counted as one of them;
d: what was expected of an answer beyond that rate before it came; e: what came beyond it; D:
doubt that anything has to be tempered. Where answers are much of chance, the best of many
expectations is one that was lucky, and its slope is below one. It must not know who expects.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.errors import ModelRefused
from engine.models.base import LARGEST

Numbers: TypeAlias = NDArray[np.float64]
Proof: TypeAlias = tuple[float, float]


class Told(NamedTuple):
    """What was expected of an answer before it came, all of it, so that whoever expects too much
    is known by it; how far `ahead` of the action's rate that was; and what of it was `believed`."""

    expected: float
    ahead: float
    believed: float


_DOUBT = 2.0
_KEEP = 0.999  # about the last thousand answers


class Temper:
    """By the action's row; `proof`: Σ d · e and Σ d²."""

    def __init__(self, proof: Proof = (0.0, 0.0)) -> None:
        """Raises ModelRefused for what are no such sums."""
        came, expected = proof
        if not (abs(came) <= LARGEST and 0.0 <= expected <= LARGEST):
            raise ModelRefused("temper: what came true, or was expected, that cannot be")
        self.proof = proof
        self._worked, self._counts = np.zeros((2, 0))

    @property
    def slope(self) -> float:
        """From 0 to 1."""
        came, expected = self.proof
        return min(max((_DOUBT + came) / (_DOUBT + expected), 0.0), 1.0)

    def means(self, expected: Numbers) -> Numbers:
        """What is believed of what is expected of each action; (actions,)."""
        slope, count = self.slope, len(expected)
        if slope == 1.0:
            return expected
        if len(self._counts) < count:
            self._make_room(count)
        return _tempered(self._worked, self._counts, expected, slope)

    def take(self, owner: int, reward: float, expected: float) -> Told:
        """Count an answer, of which so much was expected; what was told of it."""
        ahead = self._ahead(owner, expected)
        came, total = self.proof
        rate = expected - ahead
        believed = rate + self.slope * ahead
        self.proof = _KEEP * came + ahead * (reward - rate), _KEEP * total + ahead * ahead
        self.count(owner, reward, 1.0)
        return Told(expected, ahead, believed)

    def amend(self, owner: int, more: float, ahead: float, since: int) -> None:
        """An answer that was counted, so many answers `since`, was worth so much more: held
        against how far ahead what was expected then was, not what is now. Where many come late at
        once, it is the rate that moves, and all that was expected would look wrong."""
        came, total = self.proof
        self.proof = came + _KEEP**since * ahead * more, total
        self.count(owner, more, 0.0)

    def join(self, other: Temper) -> None:
        """What came true of what another expected, too; answers are counted anew."""
        self.proof = self.proof[0] + other.proof[0], self.proof[1] + other.proof[1]

    def count(self, owner: int, reward: float, answers: float) -> None:
        """So many answers of an action more, or fewer, and what they were worth."""
        if owner >= len(self._counts):
            self._make_room(owner + 1)
        self._worked[owner] += reward
        self._counts[owner] += answers

    def recount(self, owners: NDArray[np.intp], rewards: NDArray[np.float32], actions: int) -> None:
        """These answers and no others, with room for so many actions: where many ask at once
        nobody has to make it."""
        self._worked = np.bincount(owners, rewards, actions).astype(np.float64)
        self._counts = np.bincount(owners, minlength=actions).astype(np.float64)

    def _ahead(self, owner: int, expected: float) -> float:
        if owner >= len(self._counts):
            return 0.0
        count, worked = float(self._counts[owner]), float(self._worked[owner])
        return (count * expected - worked) / (count + 1.0)

    def _make_room(self, actions: int) -> None:
        more = np.zeros(actions - len(self._counts))
        self._worked, self._counts = np.append(self._worked, more), np.append(self._counts, more)


@compiled("float64[::1](float64[::1], float64[::1], float64[::1], float64)")
def _tempered(worked: Numbers, counts: Numbers, expected: Numbers, slope: float) -> Numbers:
    means = np.empty(len(expected))
    for row in range(len(expected)):
        rate = (worked[row] + expected[row]) / (counts[row] + 1.0)
        means[row] = rate + slope * (expected[row] - rate)
    return means
