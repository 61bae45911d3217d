"""Our contestants: the engine's learner and exploration, and the same told every answer."""

from __future__ import annotations

from engine.domain import Action
from engine.exploration import METHODS, Posterior, pick
from engine.hashing import uniform
from engine.models.features import Category, Feature, Number
from engine.models.online.learner import Learner
from training.bakeoff.sets import Table

METHOD = "thompson"
FLOOR = 0.0


def learner(table: Table) -> Learner:
    """A learner that knows the set's columns and actions, and nothing else of it."""
    features = [
        Feature(
            f"{place} {column.name}",
            f"customer.{column.name}",
            Number() if column.words is None else Category(column.words),
        )
        for place, column in enumerate(table.columns)
    ]
    fresh = Learner(features)
    fresh.know(Action(str(number), "offer", None, None) for number in range(table.actions))
    return fresh


class Ours:
    """Chooses and learns as served: `engine.models` and `engine.exploration`."""

    def __init__(self, table: Table, seed: int) -> None:
        self._rows, _ = table.matrix()
        self._learner = learner(table)
        self._method = METHODS[METHOD](FLOOR)
        self._seed = seed

    def choose(self, row: int) -> int:
        self._x = x = self._rows[row]
        self._learner.expand.see(x)
        self._phi = self._learner.expand(x)
        propensities, scales = self._learner.belief.about(x, self._phi)
        key = f"{self._seed}-{row}"
        chances = self._method.probabilities(propensities, Posterior(scales, f"{key}/1"))
        return pick(chances, uniform(key, "1"))

    def learn(self, row: int, action: int, reward: float) -> None:  # noqa: ARG002
        self._learner.take(self._x, self._phi, str(action), reward)


class Told:
    """The limit: after every row it is told the right answer, whatever it chose."""

    def __init__(self, table: Table, seed: int) -> None:  # noqa: ARG002 - nothing is drawn
        self._rows, _ = table.matrix()
        self._labels = table.labels
        self._learner = learner(table)

    def choose(self, row: int) -> int:
        x, learner = self._rows[row], self._learner
        learner.expand.see(x)
        self._phi = learner.expand(x)
        return int(learner.belief.means(x, self._phi)[0].argmax())

    def learn(self, row: int, action: int, reward: float) -> None:  # noqa: ARG002
        for number, id in enumerate(self._learner.actions):
            right = float(number == self._labels[row])
            self._learner.take(self._rows[row], self._phi, id, right)
