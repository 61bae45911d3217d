"""Beta prior: rates of response per action, shrunk to group, kind and base rate.

Needs no training and looks at no customer, so it serves the cold start, and those who
denied personalisation. The estimate is the mean of a Beta posterior whose prior is worth
`strength` offers at the rate one level up (empirical Bayes by levels; Gelman et al.,
Bayesian Data Analysis, chapter 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from msgspec import Struct

from engine.domain import Action, Facts
from engine.errors import ModelRefused
from engine.models.base import Predicted
from engine.models.features import Facet

BASE_RATE = 0.05
"""How often an offer is answered where nothing is known."""

STRENGTH = 50.0
"""So many offers the rate one level up is worth."""

_LEVELS: tuple[Facet, ...] = ("kind", "group", "id")


class Responses(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How often something was offered and how often it was answered positively (may be
    weighted, so not whole)."""

    offered: float
    positive: float


class BetaArtefact(Struct, frozen=True, forbid_unknown_fields=True, tag="teller.beta.1"):
    """What a Beta model is made of: responses per facet, and the prior they are shrunk to."""

    base_rate: float = BASE_RATE
    strength: float = STRENGTH
    kind: dict[str, Responses] = {}
    group: dict[str, Responses] = {}
    id: dict[str, Responses] = {}


@dataclass(frozen=True)
class BetaPredictor:
    """The same propensities for everyone."""

    version: str
    _predicted: Predicted

    def predict(self, facts: Facts) -> Predicted:  # noqa: ARG002 - the same for everyone
        return self._predicted


@dataclass(frozen=True)
class BetaModel:
    """Rates per action; with an empty artefact, one base rate for all."""

    artefact: BetaArtefact
    version: str
    kind: str = "beta"
    reach: int = 0

    def bind(self, actions: Sequence[Action]) -> BetaPredictor:
        rates = np.array([self.rate(action) for action in actions], dtype=np.float64)
        rates.setflags(write=False)
        return BetaPredictor(self.version, Predicted(rates, ()))

    def rate(self, action: Action) -> float:
        """How often the action is answered; where it was never offered, how often its kin is."""
        rate, strength = self.artefact.base_rate, self.artefact.strength
        for level in _LEVELS:
            responses = getattr(self.artefact, level).get(getattr(action, level))
            if responses is not None:
                rate = (responses.positive + strength * rate) / (responses.offered + strength)
        return float(rate)


UNTRAINED = BetaModel(BetaArtefact(), "untrained")
"""The model of a house that has none yet: everything answers one time in twenty."""


def parse_beta(data: bytes, version: str) -> BetaModel:
    """A Beta model from its artefact (JSON). Raises ModelRefused."""
    try:
        artefact = msgspec.json.decode(data, type=BetaArtefact)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ModelRefused(f"not a Beta model's artefact: {error}") from error
    check_rates(artefact)
    return BetaModel(artefact, version)


def check_rates(artefact: BetaArtefact) -> None:
    """Raises ModelRefused for rates nobody could have counted."""
    if not 0 < artefact.base_rate < 1 or not 0 < artefact.strength < 1e12:
        raise ModelRefused("base_rate must lie between 0 and 1, strength above 0")
    for level in _LEVELS:
        for name, responses in getattr(artefact, level).items():
            if not 0 <= responses.positive <= responses.offered < 1e12:
                raise ModelRefused(f"{level} '{name}': more positive answers than offers")
