"""What all actions have in common: a Bayesian logistic regression over shared terms.

    logit = w · [1, z, r] + its own + its group's + its kind's
    propensity = σ(κ · logit),  κ = 1 / √(1 + π v / 8)

z: the expansion's linear columns; r: columns relative to the action (`engine.models.relative`);
v: the variance of the terms that are the same at every moment. As the terms multiply odds, they
hold for rare answers as for frequent ones. An answer is one step of assumed density filtering,
by MacKay's approximation of the predictive mean (The Evidence Framework Applied to Classification
Networks, 1992), which is what is served. Terms of the moment know each other's covariance; those
of actions, groups and kinds are taken for independent (as in Graepel and others, Web-Scale
Bayesian Click-Through Rate Prediction, 2010), so that an answer costs the same whatever the number
of actions.

Every answer adds to a precision, and to a precision times a mean: so what two have seen adds up,
and what is old can be let count for less.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, log, pi, sqrt
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain import Action
from engine.errors import ModelRefused
from engine.models.beta import BASE_RATE
from engine.models.expansion import LARGEST_Z, Expansion, Vector, packed, unpacked
from engine.models.features import Encoder
from engine.models.logistic import LARGEST
from engine.models.relative import Relative

Numbers = NDArray[np.float64]

WIDTH = 128
"""More columns than that are added up to as many numbers."""

_EXPECTED = log(BASE_RATE / (1.0 - BASE_RATE))
_BASE, _OWN, _KIN = 2.0, 2.0, 0.25  # prior variances, in log odds
_LINEAR = 0.25 / 9.0  # of a weight: the linear columns' squares add up to about nine
_RELATIVE = 0.5
_STEEPEST = 30.0
_WIDEST = 3.0  # exp of more is no deviation of a chance


class Shares(Struct, frozen=True, forbid_unknown_fields=True):
    """`weights` of the terms of the moment (float32, little-endian) and the `variance` of the
    first; of actions (`own`), groups and kinds (`kin`: `group savings`) mean and variance."""

    weights: bytes = b""
    variance: float = _BASE
    own: dict[str, tuple[float, float]] = {}
    kin: dict[str, tuple[float, float]] = {}


class Schooled(Struct, frozen=True, forbid_unknown_fields=True):
    """What a learner keeps: also the terms' `covariance` (float32)."""

    shares: Shares = Shares()
    covariance: bytes = b""


class _Steady(NamedTuple):
    """Of what is the same at every moment, by row: the sum of terms, its variance, and κ."""

    terms: Numbers
    variances: Numbers
    damped: Numbers


class _Known(NamedTuple):
    """Of an action at a moment: covariance · terms, the logit, its variance, and what of that is
    the same at every moment."""

    gain: Vector
    logit: float
    spread: float
    steady: float


class Shared:
    """Shared terms, and those of actions by row."""

    def __init__(self, encoder: Encoder, expansion: Expansion) -> None:
        self._relative = Relative(encoder)
        self._mix = expansion.mix(WIDTH)
        self._linear = expansion.linear
        columns = expansion.columns if self._mix is None else WIDTH
        self._moment = 1 + columns
        parts = [_BASE], [_LINEAR] * columns, [_RELATIVE] * self._relative.count
        self._prior = np.concatenate(parts)
        self._expected = np.zeros(len(self._prior))
        self._expected[0] = _EXPECTED
        self._weights = self._expected.astype(np.float32)
        self._covariance = np.diag(self._prior).astype(np.float32)
        self._own = np.zeros((0, 2))
        self._kin = np.zeros((1, 2))  # the first is that of no group
        self._kin_rows: dict[str, int] = {}
        self._kin_of = np.zeros((0, 2), np.intp)
        self._places = np.zeros((0, self._relative.count), np.intp)
        self._steady: _Steady | None = None

    def know(self, row: int, action: Action) -> None:
        """An action, of which nothing is known yet, or who its kin are now; rows come in order."""
        kin = [self._row_of_kin(f"{facet} {name}") for facet, name in _kin(action)]
        kin += [0] * (2 - len(kin))
        places = self._relative.places([action])
        if row == len(self._own):
            self._own = np.vstack([self._own, (0.0, _OWN)])
            self._kin_of = np.vstack([self._kin_of, kin])
            self._places = np.vstack([self._places, places])
        self._kin_of[row], self._places[row] = kin, places[0]
        self._steady = None

    def about(self, x: Numbers, phi: Vector) -> tuple[Numbers, Numbers]:
        """Propensities, and how far above them the truth may plausibly be: a deviation of what is
        as skew as rare chances are; each (actions,)."""
        steady = self._settled()
        logits = steady.terms + float(self._weights[: self._moment].dot(self._at(phi)))
        if self._relative.count:
            own = np.append(x, 0.0).take(self._places).clip(-LARGEST_Z, LARGEST_Z)
            logits += own.dot(self._weights[self._moment :].astype(np.float64))
        logits *= steady.damped
        np.clip(logits, -_STEEPEST, _STEEPEST, out=logits)
        np.negative(logits, out=logits)
        np.exp(logits, out=logits)
        logits += 1.0
        propensities = np.reciprocal(logits, out=logits)
        spreads = 1.0 - propensities
        spreads *= spreads
        spreads *= steady.variances
        np.minimum(spreads, _WIDEST, out=spreads)
        np.sqrt(np.expm1(spreads, out=spreads), out=spreads)
        spreads *= propensities
        return propensities, spreads

    def take(self, x: Numbers, phi: Vector, row: int, reward: float) -> float:
        """Learn an answer; what was promised of it before."""
        known = self._known(x, phi, row)
        damped = _damping(known.spread)
        expected = _chance(damped * known.logit)
        seen = damped * damped * expected * (1.0 - expected)
        self._move(row, known.gain, damped * (reward - expected))
        step = (known.gain * np.float32(sqrt(seen)))[:, None]
        self._covariance -= step.dot(step.T)
        kin = self._kin_of[row]
        self._own[row, 1] -= seen * self._own[row, 1] ** 2
        self._kin[kin, 1] -= seen * self._kin[kin, 1] ** 2
        return _chance(_damping(known.steady) * known.logit)

    def amend(self, x: Numbers, phi: Vector, row: int, more: float) -> None:
        """An answer that was learned turned out to be worth so much more."""
        known = self._known(x, phi, row)
        self._move(row, known.gain, _damping(known.spread) * more)

    def join(self, other: Shared, rows: Sequence[int]) -> None:
        """Add what another has seen; `rows`: of each of its actions, its row here."""
        self._combine([(1.0, self._sums()), (1.0, other._sums())])
        for there, here in enumerate(rows):
            self._own[here] = _added(self._own[here], other._own[there], _OWN)
        for name, there in other._kin_rows.items():
            here = self._row_of_kin(name)  # whose actions may all have moved away since
            self._kin[here] = _added(self._kin[here], other._kin[there], _KIN)
        self._steady = None

    def forget(self, keep: float) -> None:
        """Let all that was seen count `keep` times as much; above 1 for what was told, not seen."""
        self._combine([(keep, self._sums())])
        self._own = np.array([_faded(one, keep, _OWN) for one in self._own]).reshape(-1, 2)
        self._kin[1:] = [_faded(one, keep, _KIN) for one in self._kin[1:]]
        self._steady = None

    def shares(self, names: Iterable[str]) -> Shares:
        """What serves from here on; `names` are the actions by row."""
        return Shares(
            packed(self._weights),
            float(self._covariance[0, 0]),
            dict(zip(names, map(_pair, self._own), strict=True)),
            {name: _pair(self._kin[row]) for name, row in self._kin_rows.items()},
        )

    def schooled(self, names: Iterable[str]) -> Schooled:
        """All it holds."""
        return Schooled(self.shares(names), packed(self._covariance))

    def restore(self, shares: Shares, actions: Sequence[Action]) -> None:
        """Serve from this for these actions, by row; those not in it start from their kin.
        Raises ModelRefused for what does not fit."""
        told = np.array([*shares.own.values(), *shares.kin.values(), (0.0, shares.variance)])
        weights = unpacked(shares.weights, len(self._prior), most=LARGEST)
        if not bool((np.abs(told) <= LARGEST).all()) or not bool((told[:, 1] > 0.0).all()):
            raise ModelRefused("shared: a term that is beyond belief, or surer than sure")
        self._weights = weights
        self._covariance[0, 0] = shares.variance
        self._kin_rows = {name: row for row, name in enumerate(shares.kin, 1)}
        self._kin = np.array([(0.0, 0.0), *shares.kin.values()])
        count = len(actions)  # rows are made at once: there may be thousands
        self._own, self._kin_of = np.zeros((count, 2)), np.zeros((count, 2), np.intp)
        self._places = np.zeros((count, self._relative.count), np.intp)
        for row, action in enumerate(actions):
            self.know(row, action)
            self._own[row] = shares.own.get(action.id, (0.0, _OWN))

    def resume(self, schooled: Schooled, actions: Sequence[Action]) -> None:
        """Go on from what another held. Raises ModelRefused for what does not fit."""
        self.restore(schooled.shares, actions)
        self._covariance = unpacked(schooled.covariance, *self._covariance.shape)

    def _row_of_kin(self, name: str) -> int:
        """That of a group or kind, of which nothing is known where it is new."""
        if name not in self._kin_rows:
            self._kin_rows[name] = len(self._kin)
            self._kin = np.vstack([self._kin, (0.0, _KIN)])
        return self._kin_rows[name]

    def _at(self, phi: Vector) -> Vector:
        """The terms of the moment that are the same for every action."""
        if self._mix is None:
            return phi[: self._moment]
        return np.append(phi[:1], self._mix.dot(phi[self._linear]))

    def _settled(self) -> _Steady:
        if self._steady is None:
            terms, variances = (self._own + self._kin[self._kin_of].sum(axis=1)).T
            variances = variances + float(self._covariance[0, 0])
            self._steady = _Steady(terms, variances, 1.0 / np.sqrt(1.0 + pi / 8.0 * variances))
        return self._steady

    def _known(self, x: Numbers, phi: Vector, row: int) -> _Known:
        moment = self._at(phi)
        if self._relative.count:
            own = np.append(x, 0.0).take(self._places[row]).clip(-LARGEST_Z, LARGEST_Z)
            moment = np.concatenate([moment, own.astype(np.float32)])
        gain = self._covariance.dot(moment)
        kin = self._kin[self._kin_of[row]]
        term, variance = (self._own[row] + kin[0] + kin[1]).tolist()
        return _Known(
            gain,
            float(self._weights.dot(moment)) + term,
            float(gain.dot(moment)) + variance,
            float(self._covariance[0, 0]) + variance,
        )

    def _move(self, row: int, gain: Vector, step: float) -> None:
        self._weights += gain * np.float32(step)
        self._own[row, 0] += self._own[row, 1] * step
        kin = self._kin_of[row]
        self._kin[kin, 0] += self._kin[kin, 1] * step
        self._steady = None

    def _sums(self) -> tuple[Numbers, Numbers]:
        """The precision of the terms of the moment and that times their mean, of what was seen."""
        precision = np.linalg.inv(self._covariance.astype(np.float64))
        expected = self._expected / self._prior
        return precision - np.diag(1.0 / self._prior), precision.dot(self._weights) - expected

    def _combine(self, parts: Sequence[tuple[float, tuple[Numbers, Numbers]]]) -> None:
        precision, sums = np.diag(1.0 / self._prior), self._expected / self._prior
        for weight, (more, further) in parts:
            precision, sums = precision + weight * more, sums + weight * further
        covariance = np.linalg.inv(precision)
        self._covariance = ((covariance + covariance.T) / 2.0).astype(np.float32)
        self._weights = np.linalg.solve(precision, sums).astype(np.float32)


def _kin(action: Action) -> Iterable[tuple[str, str]]:
    yield "kind", action.kind
    if action.group is not None:
        yield "group", action.group


def _damping(variance: float) -> float:
    return 1.0 / sqrt(1.0 + pi / 8.0 * variance)


def _chance(logit: float) -> float:
    return 1.0 / (1.0 + exp(-min(max(logit, -_STEEPEST), _STEEPEST)))


def _pair(term: Numbers) -> tuple[float, float]:
    mean, variance = term.tolist()
    return mean, variance


def _added(one: Numbers, other: Numbers, prior: float) -> tuple[float, float]:
    """Mean and variance of what both have seen of a term."""
    precision = 1.0 / one[1] + 1.0 / other[1] - 1.0 / prior
    return (one[0] / one[1] + other[0] / other[1]) / precision, 1.0 / precision


def _faded(one: Numbers, keep: float, prior: float) -> tuple[float, float]:
    precision = 1.0 / prior + keep * (1.0 / one[1] - 1.0 / prior)
    return keep * one[0] / one[1] / precision, 1.0 / precision
