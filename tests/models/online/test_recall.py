"""Facts about recalling what came of moments like this one."""

from __future__ import annotations

import numpy as np
import pytest

from engine.models.features import Feature, Number
from engine.models.online.expansion import Expansion, Scale, waves
from engine.models.online.learner import Learner
from engine.models.online.memories import joined
from engine.models.online.recall import Recall
from tests.models.builders import facts
from tests.models.online.pupils import ACTIONS, believed, served

LEVEL = np.ones(1, np.float32)


def test_what_came_of_moments_like_this_one_is_recalled() -> None:
    """A rule too fine for the expansion, at forty places, each asked a few times."""
    learner = Learner((Feature("x", "customer.x", Number()),))
    learner.know(ACTIONS[:1])
    chance = np.random.default_rng(3)
    places = np.linspace(-2.0, 2.0, 40)
    answers = chance.random(40) < 0.5
    for _ in range(10):
        for at in chance.permutation(40):
            learner.expand.see(places[at : at + 1])
            learner.learn(places[at : at + 1], "isa", float(answers[at]))
    without = [float(learner.belief.weights[0].dot(learner.expand(np.array([x])))) for x in places]
    found = [float(believed(learner, [x])[0][0]) for x in places]
    assert np.abs(found - answers).mean() < np.abs(without - answers).mean() / 2
    bound = served(learner).bind(ACTIONS[:1])
    again = [bound.score(facts({"x": float(x)})).propensities[0] for x in places]
    assert again == pytest.approx(found, abs=1e-4)


def test_moments_differ_most_in_the_column_that_decides() -> None:
    learner = Learner((Feature("x", "customer.x", Number()), Feature("y", "customer.y", Number())))
    learner.know(ACTIONS[:1])
    for x in np.random.default_rng(4).normal(size=(300, 2)):
        learner.expand.see(x)
        learner.learn(x, "isa", float(x[0] > 0.0))
    expand, recall = learner.expand, learner.belief.recall
    far = [recall.about(expand(np.array(x)), 1)[1][0] for x in ((0.0, 0.0), (3.0, 0.0), (0.0, 3.0))]
    assert far[0] > far[2] > 2 * far[1]


def test_only_the_latest_answers_are_recalled() -> None:
    expansion = Expansion(np.array([False]), waves(1, 1.0), Scale(100.0, (0.0,), (100.0,)))
    recall = Recall(expansion, room=10)
    here, there = expansion(np.array([0.0])), expansion(np.array([2.9]))
    recall.take(here, 0, 1.0, 1.0, LEVEL)
    for _ in range(9):
        recall.take(there, 0, 0.0, 0.0, LEVEL)
    assert recall.about(here, 1)[0][0] == pytest.approx(0.5)
    assert recall.about(here, 1)[1][0] > 0.1
    recall.take(there, 0, 0.0, 0.0, LEVEL)
    assert recall.about(here, 1)[0][0] < 0.01


@pytest.mark.parametrize(("noise", "off"), [(0.05, 0.05), (0.5, 0.1)])
def test_where_answers_are_chance_what_is_recalled_is_their_mean(noise: float, off: float) -> None:
    learner = Learner((Feature("x", "customer.x", Number()),))
    learner.know(ACTIONS[:1])
    chance, spread = np.random.default_rng(8), []
    for _ in range(1500):
        x = np.array([float(chance.integers(3))])
        learner.expand.see(x)
        spread.append(float(believed(learner, x)[0][0]) - noise)
        learner.learn(x, "isa", float(chance.random() < noise))
    assert np.sqrt(np.square(spread[-500:]).mean()) < off


def test_two_memories_share_the_room_and_the_oldest_go() -> None:
    expansion = Expansion(np.array([False]), waves(1, 1.0))
    phi = expansion(np.array([0.0]))
    parts = []
    for name, answers in (("isa", 3), ("loan", 9)):
        recall = Recall(expansion)
        for number in range(answers):
            recall.take(phi, 0, float(number), float(number), LEVEL)
        parts.append(recall.memories((name,)))
    both = joined(*parts, room=8)
    assert both.names == ("isa", "loan")
    assert np.frombuffer(both.owners, "<i4").tolist() == [0] * 3 + [1] * 5
    assert np.frombuffer(both.left, "<f4").tolist() == [0, 1, 2, 4, 5, 6, 7, 8]
