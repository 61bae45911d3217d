"""Learners that were told of answers, for the tests of what they make of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from engine.domain import Action
from engine.models.online.expansion import Scale
from engine.models.online.learner import Learner
from engine.models.online.model import OnlineModel, parse_online
from engine.models.online.wood import Numbers
from tests.models.builders import AGE, PLAN, an_action, facts

ACTIONS = (an_action("isa", "savings"), an_action("loan", "loans"), an_action("news", None))
PLAIN = (AGE, PLAN)
ROWS = 400


def taught(rows: range, scale: Scale | None = None, know: tuple[Action, ...] = ACTIONS) -> Learner:
    """The young take the ISA, the old the loan, whatever they are asked of; nobody the news."""
    learner = Learner(PLAIN, scale)
    learner.know(know)
    for row in rows:
        chance = np.random.default_rng(row)
        young, action = bool(chance.random() < 0.5), know[int(chance.integers(len(know)))]
        x = np.array([1.0 if young else -1.0, 0.0, *chance.permutation([1.0, 0.0, 0.0])])
        if scale is None:
            learner.expand.see(x)
        wanted = "isa" if young else "loan"
        learner.learn(x, action.id, float(action.id == wanted))
    return learner


SCALE = taught(range(ROWS)).expand.scale


def believed(learner: Learner, x: Sequence[float]) -> tuple[Numbers, Numbers]:
    row = np.array(x, np.float64)
    return learner.belief.about(row, learner.expand(row))


def served(learner: Learner) -> OnlineModel:
    return parse_online(msgspec.json.encode(learner.snapshot()), "v")


def propensities(model: OnlineModel, age: float, *actions: Action) -> list[float]:
    predicted = model.bind(actions or ACTIONS).predict(facts({"age": age, "plan": "basic"}))
    return [float(number) for number in predicted.propensities]
