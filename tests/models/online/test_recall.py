"""Facts about recalling what came of moments like this one."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from engine.errors import ModelRefused
from engine.models.features import Feature, Number
from engine.models.online.expansion import Breadth, Expansion, Scale, waves
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
    again = [bound.predict(facts({"x": float(x)})).propensities[0] for x in places]
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
    expansion = Expansion(
        np.array([False]), waves(1, Breadth(1.0, 1.0)), Scale(100.0, (0.0,), (100.0,))
    )
    recall = Recall(expansion, room=10)
    here, there = expansion(np.array([0.0])), expansion(np.array([2.9]))
    recall.take(here, 0, 1.0, 1.0, LEVEL)
    for _ in range(9):
        recall.take(there, 0, 0.0, 0.0, LEVEL)
    assert recall.about(here, 1)[0][0] == pytest.approx(1.0 / 3.0)
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


@pytest.mark.parametrize(
    ("losses", "said"),
    [((0.0, 50.0, 50.0), 0.2), ((50.0, 0.0, 50.0), 0.5), ((50.0, 50.0, 0.0), 0.0)],
)
def test_who_was_off_by_least_so_far_is_believed(
    losses: tuple[float, float, float], said: float
) -> None:
    """What is smooth, what is sharp, and nothing: of one answer, missed by 1, learned but for 0.4,
    the first says half of what is left, the second half of what was missed."""
    expansion = Expansion(np.array([False]), waves(1, Breadth(1.0, 1.0)))
    recall, here = Recall(expansion), expansion(np.array([0.0]))
    recall.take(here, 0, 1.0, 0.4, LEVEL)
    kept = msgspec.structs.replace(recall.memories(("isa",)), losses=losses)
    recall.restore(kept, {"isa": 0}, 1)
    assert recall.about(here, 1)[0][0] == pytest.approx(said)


def test_what_is_recalled_costs_little_where_it_misleads() -> None:
    """What is kept always says yes, and yes and no come by turns: off by little more than the
    weights alone are (Vovk's bound, see `recall`, is half of that, where nothing is forgotten)."""
    expansion = Expansion(np.array([False]), waves(1, Breadth(1.0, 1.0)))
    recall, here = Recall(expansion), expansion(np.array([0.0]))
    errors = [0.5, -0.5] * 200
    off = [recall.take(here, 0, error, 0.5, LEVEL) for error in errors]
    assert np.square(off).sum() < np.square(errors).sum() + np.log(3.0)


def test_what_was_not_asked_of_an_action_is_asked_when_it_is_answered() -> None:
    """Of an action that came since, of another moment, or of none."""
    expansion = Expansion(
        np.array([False]), waves(1, Breadth(1.0, 1.0)), Scale(100.0, (0.0,), (100.0,))
    )
    here, there = expansion(np.array([0.0])), expansion(np.array([1.0]))
    off = []
    for asked, actions in ((here, 3), (here, 1), (there, 3), (None, 0)):
        recall = Recall(expansion)
        for owner in (0, 1, 2):
            recall.take(here, owner, 1.0, 1.0, LEVEL)
        if asked is not None:
            recall.about(asked, actions)
        off.append(recall.take(here, 2, 0.5, 0.5, LEVEL))
    assert off == pytest.approx([1.0 / 6.0] * 4)


def test_a_late_answer_changes_what_is_recalled_of_that_place_and_action_alone() -> None:
    expansion = Expansion(
        np.array([False]), waves(1, Breadth(1.0, 1.0)), Scale(100.0, (0.0,), (100.0,))
    )
    recall = Recall(expansion, room=8)
    places = [expansion(np.array([x])) for x in (-1.0, 0.0, 1.0)]
    recall.amend(places[0], 0, 1.0, 1.0)  # of nothing
    for owner in (0, 1):
        for place in places:
            recall.take(place, owner, 0.0, 0.0, LEVEL)
    before = recall.memories(("isa", "loan"))
    recall.amend(expansion(np.array([0.01])), 1, 0.7, 0.5)  # a place that was none of them
    assert recall.memories(("isa", "loan")) == before
    recall.amend(places[1].copy(), 1, 0.7, 0.5)
    after = recall.memories(("isa", "loan"))
    assert np.frombuffer(after.left, "<f4").tolist() == [0.0, 0.0, 0.0, 0.0, 0.5, 0.0]
    assert np.frombuffer(after.missed, "<f4") == pytest.approx([0.0, 0.0, 0.0, 0.0, 0.7, 0.0])


def test_numbers_kept_that_no_learner_writes_are_refused() -> None:
    expansion = Expansion(np.array([False]), waves(1, Breadth(1.0, 1.0)))
    recall = Recall(expansion)
    recall.take(expansion(np.array([0.0])), 0, 1.0, 1.0, LEVEL)
    kept = recall.memories(("isa",))
    for part in ("places", "left", "missed", "slopes"):
        spoilt = msgspec.structs.replace(kept, **{part: np.full(1, 3e38, "<f4").tobytes()})
        with pytest.raises(ModelRefused, match="beyond"):
            Recall(expansion).restore(spoilt, {"isa": 0}, 1)


@pytest.mark.parametrize("bad", [-1.0, 1e308, float("nan"), float("inf")])
def test_losses_that_no_learner_has_are_refused(bad: float) -> None:
    """Two learners' of 1e308 would add up to infinity, and what is recalled to no number."""
    expansion = Expansion(np.array([False]), waves(1, Breadth(1.0, 1.0)))
    kept = Recall(expansion).memories(())
    with pytest.raises(ModelRefused, match="losses"):
        Recall(expansion).restore(msgspec.structs.replace(kept, losses=(bad,) * 3), {}, 0)


def test_two_memories_share_the_room_and_the_oldest_go() -> None:
    expansion = Expansion(np.array([False]), waves(1, Breadth(1.0, 1.0)))
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
    assert both.losses == tuple(map(sum, zip(*(part.losses for part in parts), strict=True)))
    assert min(both.losses) > max(parts[0].losses)
