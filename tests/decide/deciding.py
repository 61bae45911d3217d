"""Asking for decisions in tests: a live catalogue whose propensities a test may set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.catalogue import Catalogue
from engine.decide import decide
from engine.domain import Action, CustomerState, Facts
from engine.models.base import Predicted
from engine.models.beta import UNTRAINED
from engine.plan import DecisionRequest, PlacementAsk, Plan
from engine.situation import Live
from tests.builders import NOW


@dataclass(frozen=True)
class Fixed:
    """A predictor that gives every action a stated propensity, 0.5 where none is stated."""

    actions: Sequence[Action]
    stated: Mapping[str, float]
    version: str = "fixed"
    scale: float | None = None

    def predict(self, facts: Facts) -> Predicted:  # noqa: ARG002
        propensities = np.array([self.stated.get(action.id, 0.5) for action in self.actions])
        scales = None if self.scale is None else np.full(len(propensities), self.scale)
        return Predicted(propensities, (1.0,), scales)


def live(catalogue: Catalogue, **propensities: float) -> Live:
    """The catalogue, with these propensities by action id (underscores for hyphens)."""
    stated = {name.replace("_", "-"): chance for name, chance in propensities.items()}
    return Live(catalogue, Fixed(catalogue.actions, stated), UNTRAINED.bind(catalogue.actions), {})


def unsure(engine: Live, scale: float) -> Live:
    """The same, with a model that says every propensity may be off by so much."""
    return replace(engine, predictor=Fixed(engine.catalogue.actions, {}, scale=scale))


def ask(*placements: str, channel: str = "web", **fields: object) -> DecisionRequest:
    """A request for these placements, home.hero if none."""
    asks = tuple(PlacementAsk(name) for name in placements or ("home.hero",))
    return DecisionRequest("c-1", channel, asks, **fields)  # type: ignore[arg-type]


def decided(
    state: CustomerState,
    engine: Live,
    request: DecisionRequest | None = None,
    decision_id: str = "0" * 32,
    now: int = NOW,
) -> Plan:
    """The plan for a customer."""
    return decide(request or ask(), state, engine, now, decision_id)


def shown(plan: Plan, placement: str = "home.hero") -> list[str]:
    """The ids of the actions a placement got, by rank."""
    return [
        action.action
        for filled in plan.placements
        if filled.id == placement
        for action in filled.actions
    ]


def why_not(plan: Plan) -> dict[str, tuple[str, str]]:
    """Stage and code of every action that was not chosen."""
    assert plan.candidates is not None
    return {row.action: (row.stage, row.code) for row in plan.candidates}
