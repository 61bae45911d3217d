"""Terms of the moment: weights that are the same for every action, and their covariance.

A normal distribution over the weights, in log odds. What was seen is a precision, and a precision
times a mean, beyond the prior's: so what two have seen adds up, and what is old can be let count
for less.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.models.base import LARGEST
from engine.models.beta import BASE_RATE
from engine.models.online.expansion import Vector, packed, proper, unpacked

Numbers = NDArray[np.float64]

_EXPECTED = log(BASE_RATE / (1.0 - BASE_RATE))
_BASE = 2.0  # prior variances, in log odds
_LINEAR = 0.25 / 9.0  # of a weight: the linear columns' squares add up to about nine
_RELATIVE = 0.5


class Learnt(NamedTuple):
    """The precision that was added to the prior's, and that times its mean."""

    precision: Numbers
    sums: Numbers


class Moment:
    """`weights` (terms,) and their `covariance` (terms, terms): first what is the same at every
    moment, then the columns', then the relative ones'."""

    def __init__(self, columns: int, relative: int) -> None:
        self._prior = np.concatenate([[_BASE], [_LINEAR] * columns, [_RELATIVE] * relative])
        self._expected = np.zeros(len(self._prior))
        self._expected[0] = _EXPECTED
        self.weights = self._expected.astype(np.float32)
        self.covariance = np.diag(self._prior).astype(np.float32)

    @property
    def variance(self) -> float:
        """Of what is the same at every moment."""
        return float(self.covariance[0, 0])

    def about(self, terms: Vector) -> tuple[Vector, float, float]:
        """At a moment of these terms: covariance · terms, the logit, and its variance."""
        return _about(self.weights, self.covariance, terms)

    def learn(self, gain: Vector, step: float, seen: float) -> None:
        """An answer along `gain`: weights by so many times it, of a precision of `seen`."""
        _learn(self.weights, self.covariance, gain, step, seen)

    def learnt(self) -> Learnt:
        """What was."""
        precision = np.linalg.inv(self.covariance.astype(np.float64))
        sums = precision.dot(self.weights) - self._expected / self._prior
        return Learnt(precision - np.diag(1.0 / self._prior), sums)

    def settle(self, parts: Sequence[tuple[float, Learnt]]) -> None:
        """On all these, each counting so many times."""
        precision, sums = np.diag(1.0 / self._prior), self._expected / self._prior
        for weight, learnt in parts:
            precision, sums = precision + weight * learnt.precision, sums + weight * learnt.sums
        covariance = np.linalg.inv(precision)
        self.covariance = ((covariance + covariance.T) / 2.0).astype(np.float32)
        self.weights = np.linalg.solve(precision, sums).astype(np.float32)

    def packed(self) -> tuple[bytes, bytes]:
        """Weights and covariance, as little-endian float32."""
        return packed(self.weights), packed(self.covariance)

    def serve(self, weights: bytes, variance: float) -> None:
        """From weights that were packed. Raises ModelRefused for what does not fit."""
        self.weights = unpacked(weights, len(self._prior), most=LARGEST)
        self.covariance[0, 0] = variance

    def resume(self, covariance: bytes) -> None:
        """Go on from one that was packed. Raises ModelRefused for what does not fit."""
        self.covariance = proper(unpacked(covariance, *self.covariance.shape, most=LARGEST))


@compiled("Tuple((float32[::1], float64, float64))(float32[::1], float32[:, ::1], float32[::1])")
def _about(weights: Vector, covariance: Vector, terms: Vector) -> tuple[Vector, float, float]:
    gain = np.empty(len(terms), np.float32)
    logit, spread = np.float32(0.0), np.float32(0.0)
    for i in range(len(terms)):
        along = np.float32(0.0)
        for j in range(len(terms)):
            along += covariance[i, j] * terms[j]
        gain[i] = along
        spread += along * terms[i]
        logit += weights[i] * terms[i]
    return gain, float(logit), float(spread)


@compiled("void(float32[::1], float32[:, ::1], float32[::1], float64, float64)")
def _learn(weights: Vector, covariance: Vector, gain: Vector, step: float, seen: float) -> None:
    told = np.float32(np.sqrt(seen)) * gain
    for i in range(len(gain)):
        weights[i] += gain[i] * np.float32(step)
        for j in range(len(gain)):
            covariance[i, j] -= told[i] * told[j]
