"""The models that serve, and the catalogue they are bound to."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engine.domain import Facts, Interaction
from engine.learn import learn
from engine.models.beta import UNTRAINED
from engine.models.features import Feature, Number
from engine.models.logistic import LogisticArtefact
from engine.registry import Registry
from engine.services.live.models import RegisteredModels
from engine.situation import PROPENSITY
from tests.builders import NOW, action, catalogue, customer

DAY = 86_400_000
CALLS = Feature("calls", "history.count", Number(), event="call", within=90 * DAY)
WEEK = catalogue(
    actions=[action("fibre")], strategy={"exploration": {"method": "none"}, "attribution": "7d"}
)


def test_a_customer_s_memory_goes_as_far_back_as_the_serving_model_looks(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    artefact = msgspec.json.encode(LogisticArtefact((CALLS,), 0.0, (0.1,)))
    models = RegisteredModels(registry)
    live = models.bind(WEEK, {PROPENSITY: registry.publish(PROPENSITY, "logistic", artefact)})
    state = customer()
    for at in (NOW - 30 * DAY, NOW - DAY):
        state = learn(Interaction(f"m-{at}", "call", at), None, state, live.catalogue, at).state
    assert live.predictor.predict(Facts({}, {}, state.events, "web", NOW)).features == (2.0,)

    without = models.bind(live.catalogue, {PROPENSITY: UNTRAINED.version})
    assert without.catalogue.retention == WEEK.retention < 90 * DAY
