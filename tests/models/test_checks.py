"""The facts every model must pass: ours pass them, and planted bugs do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.domain import Action, Facts
from engine.errors import ModelRefused
from engine.models.base import Model, Predicted
from engine.models.beta import UNTRAINED
from engine.models.checks import check_model
from engine.models.logistic import LogisticModel
from tests.models.builders import an_action, facts, rejections
from tests.models.test_beta import MODEL as BETA
from tests.models.test_logistic import ANA, ARTEFACT

ACTIONS = [
    an_action("isa", "savings"),
    an_action("loan", "loans"),
    an_action("note", None, "message"),
]
SAMPLES = [ANA, facts(events=rejections(1)), facts({"age": "old"})]


@pytest.mark.parametrize("model", [UNTRAINED, BETA, LogisticModel(ARTEFACT, "v")])
def test_every_model_of_ours_passes(model: Model) -> None:
    check_model(model, ACTIONS, SAMPLES)


Numbers = Callable[[Sequence[Action], Facts], NDArray[np.float64]]


@dataclass
class Planted:
    """A model with a bug in its numbers."""

    numbers: Numbers
    seen: tuple[float, ...] = ()
    kind: str = "planted"
    version: str = "v"
    reach: int = 0

    def bind(self, actions: Sequence[Action]) -> PlantedPredictor:
        return PlantedPredictor(self, actions)


@dataclass
class PlantedPredictor:
    model: Planted
    actions: Sequence[Action]
    version: str = "v"

    def predict(self, facts: Facts) -> Predicted:
        return Predicted(self.model.numbers(self.actions, facts), self.model.seen)


def half(actions: Sequence[Action], _: Facts) -> NDArray[np.float64]:
    return np.full(len(actions), 0.5)


RANDOM = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        (lambda actions, _: np.full(len(actions), 1.5), "not a number between"),
        (lambda actions, _: np.full(len(actions), np.nan), "not a number between"),
        (lambda actions, _: np.full(len(actions) + 1, 0.5), "of shape"),
        (lambda actions, _: np.full(len(actions), 0.5, np.float32), "float32"),
        (lambda actions, _: np.full(2 * len(actions), 0.5)[::2], "not contiguous"),
        (lambda actions, _: RANDOM.random(len(actions)), "other numbers"),
        (lambda actions, _: np.linspace(0.1, 0.5, len(actions)), "order of the actions"),
    ],
)
def test_a_planted_bug_is_found(numbers: Numbers, complaint: str) -> None:
    with pytest.raises(ModelRefused, match=complaint):
        check_model(Planted(numbers), ACTIONS, SAMPLES)


@pytest.mark.parametrize("seen", [(np.inf,), (np.float64(1.0),)])
def test_features_that_cannot_be_logged_are_found(seen: tuple[float, ...]) -> None:
    with pytest.raises(ModelRefused, match="feature"):
        check_model(Planted(half, seen), ACTIONS, SAMPLES)
