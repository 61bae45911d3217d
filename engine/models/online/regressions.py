"""Each action's own regression on expanded columns: sufficient statistics, which add up.

    A = ridge + Σ φ φᵀ,  b = Σ φ · reward,  weights = A⁻¹ b

One answer is one rank-one change of A⁻¹ (Sherman and Morrison). It must not know what else is
learned of an answer.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.errors import ModelRefused
from engine.models.base import LARGEST
from engine.models.online.expansion import Vector, packed, proper, unpacked

RIDGE = 2.0
"""Prior precision of every weight."""

MOST_SEEN = 1e15
"""No number of answers is larger."""

Numbers = NDArray[np.float64]


class Sums(Struct, frozen=True, forbid_unknown_fields=True):
    """What a learner keeps, by row: how many answers were `seen`, and A⁻¹, weights and A's
    diagonal (float32, little-endian)."""

    seen: tuple[float, ...]
    inverses: bytes
    weights: bytes
    precisions: bytes


class Regressions:
    """By the action's row: `weights`, `precisions` (A's diagonal) and their inverse `variances`,
    each (actions × `size`), and how many answers were `seen`. Memory: size² × 4 bytes an action."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.seen = np.zeros(0)
        self.weights, self.precisions, self.variances = np.zeros((3, 0, size), np.float32)
        self._inverses: list[Vector] = []

    def know(self, new: int) -> None:
        """So many actions more, of which nothing is known yet."""
        prior = np.full((new, self.size), RIDGE, np.float32)
        self._inverses += [np.diag(1.0 / row) for row in prior]
        self.seen = np.append(self.seen, np.zeros(new))
        self.weights = np.vstack([self.weights, np.zeros((new, self.size), np.float32)])
        self.precisions = np.vstack([self.precisions, prior])
        self.variances = np.vstack([self.variances, 1.0 / prior])

    def take(self, phi: Vector, row: int, reward: float) -> tuple[float, float]:
        """Learn an answer; how far off the weights were before, and are now."""
        self.seen[row] += 1.0
        return _learned(
            self._inverses[row],
            self.weights[row],
            self.precisions[row],
            self.variances[row],
            phi,
            reward,
        )

    def amend(self, phi: Vector, row: int, more: float) -> float:
        """An answer that was learned turned out to be worth so much more; how much further off
        the weights are from it now."""
        gain = self._inverses[row].dot(phi)
        self.weights[row] += gain * np.float32(more)
        return more * (1.0 - float(gain.dot(phi)))

    def add(self, row: int, other: Regressions, there: int) -> None:
        """What another has seen of an action, in its row `there`."""
        (moments, answers), (more, further) = self._statistics(row), other._statistics(there)
        self._settle(row, moments + more, answers + further)
        self.seen[row] += other.seen[there]

    def forget(self, keep: float) -> None:
        """Let all that was seen count `keep` times as much."""
        for row in range(len(self.seen)):
            moments, answers = self._statistics(row)
            self._settle(row, keep * moments, keep * answers)
            self.seen[row] *= keep

    def sums(self) -> Sums:
        """All it holds."""
        return Sums(
            tuple(self.seen.tolist()),
            b"".join(map(packed, self._inverses)),
            packed(self.weights),
            packed(self.precisions),
        )

    def resume(self, sums: Sums, actions: int) -> None:
        """Go on from what another held of so many. Raises ModelRefused for what does not fit."""
        if len(sums.seen) != actions:
            raise ModelRefused(f"sums of {len(sums.seen)} actions where {actions} belong")
        if not all(0.0 <= one <= MOST_SEEN for one in sums.seen):
            raise ModelRefused(f"a number of answers that is not between 0 and {MOST_SEEN:g}")
        self.seen = np.array(sums.seen)
        inverses = unpacked(sums.inverses, actions, self.size, self.size, most=LARGEST)
        self._inverses = [proper(inverse) for inverse in inverses]
        self.weights = unpacked(sums.weights, actions, self.size)
        self.precisions = unpacked(sums.precisions, actions, self.size)
        if (self.precisions < 1.0 / LARGEST).any():
            raise ModelRefused(f"a precision below {1.0 / LARGEST:g}")
        self.variances = 1.0 / self.precisions

    def _statistics(self, row: int) -> tuple[Numbers, Numbers]:
        """Σ φ φᵀ and Σ φ · reward of an action."""
        precision = np.linalg.inv(self._inverses[row].astype(np.float64))
        answers = precision.dot(self.weights[row].astype(np.float64))
        return precision - RIDGE * np.eye(self.size), answers

    def _settle(self, row: int, moments: Numbers, answers: Numbers) -> None:
        precision = RIDGE * np.eye(self.size) + moments
        self._inverses[row] = np.linalg.inv(precision).astype(np.float32)
        self.weights[row] = np.linalg.solve(precision, answers)
        self.precisions[row] = np.diagonal(precision)
        self.variances[row] = 1.0 / self.precisions[row]


@compiled(
    "UniTuple(float64, 2)"
    "(float32[:, ::1], float32[::1], float32[::1], float32[::1], float32[::1], float64)"
)
def _learned(
    inverse: Vector,
    weights: Vector,
    precisions: Vector,
    variances: Vector,
    phi: Vector,
    reward: float,
) -> tuple[float, float]:
    """One answer put into what is known of an action: how far off its weights were, and are."""
    size = len(phi)
    gain = np.empty(size, np.float32)
    surprise, expected = np.float32(1.0), np.float32(0.0)
    for i in range(size):
        told = np.float32(0.0)
        for j in range(size):
            told += inverse[i, j] * phi[j]
        gain[i] = told
        surprise += told * phi[i]
        expected += weights[i] * phi[i]
    error = reward - float(expected)
    left = error / float(surprise)
    root = np.sqrt(surprise)
    for i in range(size):
        weights[i] += gain[i] * np.float32(left)
        precisions[i] += phi[i] * phi[i]
        variances[i] = np.float32(1.0) / precisions[i]
        gain[i] /= root
    for i in range(size):
        for j in range(size):
            inverse[i, j] -= gain[i] * gain[j]
    return error, left
