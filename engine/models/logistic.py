"""Logistic regression: declared features, the action's facets, and crosses of the two.

    logit = intercept + coefficients·x + Σ over facets (intercept + slopes·x) of the facet
          + Σ over matching features (weight · [it matches the action])

Training is scikit-learn's; here the sum is folded, once per catalogue, to one row of
slopes and one intercept an action, so that serving is one matrix product and a sigmoid.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.domain import Action, Facts
from engine.errors import ModelRefused
from engine.models.base import LARGEST, MOST_COLUMNS, Predicted
from engine.models.encoder import Encoder
from engine.models.features import FACETS, Facet, Feature

_STEEPEST = 700.0
"""exp of more overflows; the sigmoid is 0 or 1 to the last bit long before."""


class Term(Struct, frozen=True, forbid_unknown_fields=True):
    """What one value of a facet (one group, say) adds: to the intercept, and to the slopes
    of the columns crossed with that facet, in their order."""

    intercept: float = 0.0
    slopes: tuple[float, ...] = ()


class LogisticArtefact(Struct, frozen=True, forbid_unknown_fields=True, tag="teller.logistic.1"):
    """What a logistic model is made of; `coefficients` has one number a column of `features`,
    `match` one a feature that has a match."""

    features: tuple[Feature, ...]
    intercept: float
    coefficients: tuple[float, ...]
    id: dict[str, Term] = {}
    group: dict[str, Term] = {}
    kind: dict[str, Term] = {}
    match: dict[str, float] = {}


class LogisticPredictor:
    """Slopes and intercepts folded for one catalogue.

    Actions of one group often share their slopes, so distinct rows are multiplied once
    and then spread: at 10,000 actions that is the larger half of the work saved.
    """

    def __init__(
        self,
        version: str,
        encoder: Encoder,
        slopes: NDArray[np.float64],
        intercepts: NDArray[np.float64],
    ) -> None:
        self.version = version
        self._encode = encoder.encode
        rows, spread = np.unique(-slopes, axis=0, return_inverse=True)
        self._rows = np.ascontiguousarray(rows)
        self._spread = spread.reshape(-1)
        self._intercepts = -intercepts

    def predict(self, facts: Facts) -> Predicted:
        features = self._encode(facts)
        return Predicted(self.propensities(np.array(features)), tuple(features))

    def propensities(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sigmoid of the logits of all actions, given one encoded row."""
        out = _spread(self._rows.dot(x), self._spread, self._intercepts)
        np.exp(out, out=out)
        _odds(out)
        return out


@compiled("float64[::1](float64[::1], intp[::1], float64[::1])")
def _spread(
    sums: NDArray[np.float64], spread: NDArray[np.intp], intercepts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Each action's sum and its intercept; no more than what `exp` can take."""
    out = np.empty(len(spread))
    for action in range(len(spread)):
        out[action] = min(sums[spread[action]] + intercepts[action], _STEEPEST)
    return out


@compiled("void(float64[::1])")
def _odds(powers: NDArray[np.float64]) -> None:
    """1 / (1 + power), in place."""
    for action in range(len(powers)):
        powers[action] = 1.0 / (1.0 + powers[action])


class LogisticModel:
    """A trained logistic regression, of any catalogue."""

    kind = "logistic"

    def __init__(self, artefact: LogisticArtefact, version: str) -> None:
        self.version = version
        self.artefact = artefact
        self.encoder = Encoder(artefact.features)
        self.reach = self.encoder.reach
        self._crossed = {facet: self.encoder.crossed(facet) for facet in FACETS}

    def bind(self, actions: Sequence[Action]) -> LogisticPredictor:
        return LogisticPredictor(self.version, self.encoder, *self.fold(actions))

    def fold(self, actions: Sequence[Action]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Slopes (actions × columns) and intercepts (actions): all there is to a logit."""
        slopes = np.tile(np.array(self.artefact.coefficients, np.float64), (len(actions), 1))
        intercepts = np.full(len(actions), self.artefact.intercept)
        for i, action in enumerate(actions):
            for facet, term in self._terms(action):
                intercepts[i] += term.intercept
                slopes[i, self._crossed[facet]] += term.slopes
            for name, column in self.encoder.matching(action).items():
                slopes[i, column] += self.artefact.match.get(name, 0.0)
        return slopes, intercepts

    def _terms(self, action: Action) -> Iterable[tuple[Facet, Term]]:
        for facet in FACETS:
            term = getattr(self.artefact, facet).get(getattr(action, facet))
            if term is not None:
                yield facet, term


def parse_logistic(data: bytes, version: str) -> LogisticModel:
    """A logistic model from its artefact (JSON). Raises ModelRefused."""
    try:
        artefact = msgspec.json.decode(data, type=LogisticArtefact)
        encoder = Encoder(artefact.features)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ModelRefused(f"not a logistic model's artefact: {error}") from error
    _check(artefact, encoder)
    return LogisticModel(artefact, version)


def _check(artefact: LogisticArtefact, encoder: Encoder) -> None:
    columns = len(encoder.columns)
    if columns > MOST_COLUMNS:
        raise ModelRefused(f"features make {columns:,} columns; at most {MOST_COLUMNS:,}")
    _numbers("coefficients", artefact.coefficients, columns)
    _numbers("intercept", [artefact.intercept], 1)
    _numbers("match", list(artefact.match.values()), len(artefact.match))
    if strange := sorted(set(artefact.match) - {f.name for f in artefact.features if f.match}):
        raise ModelRefused(f"match: no feature '{strange[0]}' with a match")
    for facet in FACETS:
        crossed = len(encoder.crossed(facet))
        for name, term in getattr(artefact, facet).items():
            _numbers(f"{facet} '{name}'", [term.intercept], 1)
            _numbers(f"{facet} '{name}' slopes", term.slopes, crossed)


def _numbers(what: str, numbers: Sequence[float], expected: int) -> None:
    if len(numbers) != expected:
        raise ModelRefused(f"{what}: {len(numbers)} numbers where {expected} belong")
    if not all(math.isfinite(number) and abs(number) <= LARGEST for number in numbers):
        raise ModelRefused(f"{what}: a number that is not finite, or beyond {LARGEST:g}")
