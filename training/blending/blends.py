"""The ways to blend that are held against each other, a class a way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from engine.domain import Facts
from engine.exploration import METHODS, Posterior
from engine.hashing import uniform
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.models.encoder import Encoder
from engine.models.features import Feature, Number
from engine.models.online.instruction import instruct
from engine.models.online.learner import Learner
from training.blending.world import ACTIONS, FEATURES, OFFERS, Vector, facts_of

FACTS, FEW = 200, 30
WORTHS = (30.0, 100.0, 300.0, 1_000.0)
_GREEDY, _THOMPSON = METHODS["epsilon"](0.05), METHODS["thompson"](0.02)


class Blend(Protocol):
    """Chances of the offers for a visitor, and learning what came of one."""

    def chances(self, x: Vector, key: str) -> Vector: ...

    def learn(self, offer: int, reward: float) -> None: ...


class Chance:
    """Any offer alike."""

    def chances(self, x: Vector, key: str) -> Vector:  # noqa: ARG002 - whoever comes
        return np.full(OFFERS, 1.0 / OFFERS)

    def learn(self, offer: int, reward: float) -> None:
        """It learns nothing."""


class Trained:
    """The trained model alone, with a little exploring."""

    def __init__(self, model: Model) -> None:
        self._predictor = model.bind(ACTIONS)

    def chances(self, x: Vector, key: str) -> Vector:  # noqa: ARG002 - nothing is drawn
        return _GREEDY.probabilities(self._predictor.predict(facts_of(x)).propensities, None)

    def learn(self, offer: int, reward: float) -> None:
        """It learns nothing until it is trained again."""


class Online:
    """The learner; `worth` more than 0: told beforehand what the trained model expects."""

    def __init__(self, model: Model, seen: list[Facts], worth: float = 0.0) -> None:
        self._learner = Learner(FEATURES)
        self._learner.know(ACTIONS)
        if worth:
            for one in seen[:FACTS]:
                self._learner.expand.see(np.array(Encoder(FEATURES).encode(one)))
            instruct(self._learner, model, ACTIONS, seen[:FACTS], worth)

    def chances(self, x: Vector, key: str) -> Vector:
        self._learner.expand.see(x)
        self._x, self._phi = x, self._learner.expand(x)
        propensities, scales = self._learner.belief.about(x, self._phi)
        return _THOMPSON.probabilities(propensities, Posterior(scales, key))

    def learn(self, offer: int, reward: float) -> None:
        self._learner.take(self._x, self._phi, ACTIONS[offer].id, reward)


class Offset:
    """The trained model's propensity, and what the learner says it is off by."""

    def __init__(self, model: Model) -> None:
        self._predictor = model.bind(ACTIONS)
        self._learner = Learner(FEATURES)
        self._learner.know(ACTIONS)

    def chances(self, x: Vector, key: str) -> Vector:
        learner = self._learner
        learner.expand.see(x)
        self._x, self._phi = x, learner.expand(x)
        self._offset = self._predictor.predict(facts_of(x)).propensities
        _, scales = learner.belief.about(x, self._phi)
        means = self._offset + learner.belief.weights.dot(self._phi)
        return _THOMPSON.probabilities(means.clip(1e-3, 1.0), Posterior(scales, key))

    def learn(self, offer: int, reward: float) -> None:
        self._learner.take(self._x, self._phi, ACTIONS[offer].id, reward - self._offset[offer])


class Column:
    """The learner, with what the trained model says of an offer as one more column."""

    def __init__(self, model: Model) -> None:
        self._predictor = model.bind(ACTIONS)
        told = Feature("trained", "customer.trained", Number())
        self._learner = Learner((*FEATURES, told))
        self._learner.know(ACTIONS)

    def chances(self, x: Vector, key: str) -> Vector:
        learner = self._learner
        trained = self._predictor.predict(facts_of(x)).propensities
        rows = [np.append(x, np.log(one / (1.0 - one))) for one in trained]
        learner.expand.see(rows[int(uniform(key, "see") * OFFERS)])
        self._rows = [(row, learner.expand(row)) for row in rows]
        about = [learner.belief.about(row, phi) for row, phi in self._rows]
        means, scales = (
            np.array([one[part][offer] for offer, one in enumerate(about)]) for part in (0, 1)
        )
        return _THOMPSON.probabilities(means, Posterior(scales, key))

    def learn(self, offer: int, reward: float) -> None:
        self._learner.take(*self._rows[offer], ACTIONS[offer].id, reward)


def blends(model: Model, seen: list[Facts]) -> Mapping[str, Callable[[], Blend]]:
    """Every blend by name, ready to begin."""
    told = {
        f"prior, worth {worth:g} answers an offer": lambda worth=worth: Online(model, seen, worth)
        for worth in WORTHS
    }
    return {
        "by chance": Chance,
        "trained alone": lambda: Trained(model),
        "online alone": lambda: Online(model, seen),
        "online, told 5% of everything": lambda: Online(UNTRAINED, seen[:FEW], float(FEW)),
        **told,
        "offset": lambda: Offset(model),
        "column": lambda: Column(model),
    }
