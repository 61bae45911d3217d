"""What all actions have in common: a Bayesian logistic regression over shared terms.

    logit = w · [1, z, r] + its own + its group's + its kind's
    propensity = σ(κ · logit),  κ = 1 / √(1 + π v / 8)

z: the expansion's linear columns; r: columns relative to the action (`relative`);
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
from math import exp, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain import Action
from engine.errors import ModelRefused
from engine.models.base import LARGEST
from engine.models.encoder import Encoder
from engine.models.online.expansion import LARGEST_Z, Expansion, Vector
from engine.models.online.kinship import Kinship
from engine.models.online.moment import Moment
from engine.models.online.relative import Relative
from engine.models.online.shares import Schooled, Shares

Numbers = NDArray[np.float64]

WIDTH = 128
"""More columns than that are added up to as many numbers."""

_STEEPEST = 30.0
_WIDEST = 3.0  # exp of more is no deviation of a chance


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
        self._columns = 1 + (expansion.columns if self._mix is None else WIDTH)
        self._moment = Moment(self._columns - 1, self._relative.count)
        self._kinship = Kinship()
        self._places = np.zeros((0, self._relative.count), np.intp)
        self._steady: _Steady | None = None

    def know(self, row: int, action: Action) -> None:
        """An action, of which nothing is known yet, or who its kin are now; rows come in order."""
        self._kinship.know(row, action)
        places = self._relative.places([action])
        if row == len(self._places):
            self._places = np.vstack([self._places, places])
        self._places[row] = places[0]
        self._steady = None

    def about(self, x: Numbers, phi: Vector) -> tuple[Numbers, Numbers]:
        """Propensities, and how far above them the truth may plausibly be: a deviation of what is
        as skew as rare chances are; each (actions,)."""
        steady, weights = self._settled(), self._moment.weights
        logits = steady.terms + float(weights[: self._columns].dot(self._at(phi)))
        if self._relative.count:
            own = np.append(x, 0.0).take(self._places).clip(-LARGEST_Z, LARGEST_Z)
            logits += own.dot(weights[self._columns :].astype(np.float64))
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
        self._learn(row, known.gain, damped * (reward - expected), seen)
        return _chance(_damping(known.steady) * known.logit)

    def amend(self, x: Numbers, phi: Vector, row: int, more: float) -> None:
        """An answer that was learned turned out to be worth so much more."""
        known = self._known(x, phi, row)
        self._learn(row, known.gain, _damping(known.spread) * more, 0.0)

    def join(self, other: Shared, rows: Sequence[int]) -> None:
        """Add what another has seen; `rows`: of each of its actions, its row here."""
        self._moment.settle([(1.0, self._moment.learnt()), (1.0, other._moment.learnt())])
        self._kinship.join(other._kinship, rows)
        self._steady = None

    def forget(self, keep: float) -> None:
        """Let all that was seen count `keep` times as much; above 1 for what was told, not seen."""
        self._moment.settle([(keep, self._moment.learnt())])
        self._kinship.forget(keep)
        self._steady = None

    def shares(self, names: Iterable[str]) -> Shares:
        """What serves from here on; `names` are the actions by row."""
        weights, _ = self._moment.packed()
        return Shares(weights, self._moment.variance, *self._kinship.named(names))

    def schooled(self, names: Iterable[str]) -> Schooled:
        """All it holds."""
        return Schooled(self.shares(names), self._moment.packed()[1])

    def restore(self, shares: Shares, actions: Sequence[Action]) -> None:
        """Serve from this for these actions, by row; those not in it start from their kin.
        Raises ModelRefused for what does not fit."""
        if not 0.0 < shares.variance <= LARGEST:
            raise ModelRefused("shared: a term that is beyond belief, or surer than sure")
        self._moment.serve(shares.weights, shares.variance)
        self._kinship.restore(shares.own, shares.kin, actions)
        self._places = self._relative.places(actions)
        self._steady = None

    def resume(self, schooled: Schooled, actions: Sequence[Action]) -> None:
        """Go on from what another held. Raises ModelRefused for what does not fit."""
        self.restore(schooled.shares, actions)
        self._moment.resume(schooled.covariance)

    def _at(self, phi: Vector) -> Vector:
        """The terms of the moment that are the same for every action."""
        if self._mix is None:
            return phi[: self._columns]
        return np.append(phi[:1], self._mix.dot(phi[self._linear]))

    def _settled(self) -> _Steady:
        if self._steady is None:
            terms, variances = self._kinship.terms()
            variances = variances + self._moment.variance
            self._steady = _Steady(terms, variances, 1.0 / np.sqrt(1.0 + pi / 8.0 * variances))
        return self._steady

    def _known(self, x: Numbers, phi: Vector, row: int) -> _Known:
        moment = self._at(phi)
        if self._relative.count:
            own = np.append(x, 0.0).take(self._places[row]).clip(-LARGEST_Z, LARGEST_Z)
            moment = np.concatenate([moment, own.astype(np.float32)])
        gain, logit, spread = self._moment.about(moment)
        term, variance = self._kinship.term(row)
        return _Known(gain, logit + term, spread + variance, self._moment.variance + variance)

    def _learn(self, row: int, gain: Vector, step: float, seen: float) -> None:
        self._moment.learn(gain, step, seen)
        self._kinship.learn(row, step, seen)
        self._steady = None


def _damping(variance: float) -> float:
    return 1.0 / sqrt(1.0 + pi / 8.0 * variance)


def _chance(logit: float) -> float:
    return 1.0 / (1.0 + exp(-min(max(logit, -_STEEPEST), _STEEPEST)))
