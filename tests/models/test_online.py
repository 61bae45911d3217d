"""Facts about the model that learns an answer at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.domain import Action
from engine.errors import ModelRefused
from engine.models.checks import check_model
from engine.models.expansion import LARGEST_Z, SETTLED, Expansion, Scale, waves
from engine.models.features import Feature, Number
from engine.models.kinds import parse_model
from engine.models.learner import Learner
from engine.models.online import LEAST, RIDGE, OnlineModel, parse_online
from engine.models.recall import Recall, joined
from engine.models.wood import Numbers
from tests.models.builders import AGE, FEATURES, PLAN, an_action, facts

ACTIONS = (an_action("isa", "savings"), an_action("loan", "loans"), an_action("news", None))
PLAIN = (AGE, PLAN)
ROWS = 400
LEVEL = np.ones(1, np.float32)


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
    scored = model.bind(actions or ACTIONS).score(facts({"age": age, "plan": "basic"}))
    return [float(number) for number in scored.propensities]


def test_what_was_learned_is_served() -> None:
    young, old = (propensities(served(taught(range(ROWS))), age) for age in (50.0, 30.0))
    assert young[0] - young[1] > 0.5
    assert old[1] - old[0] > 0.5
    assert max(young[2], old[2]) < 0.1


def test_a_snapshot_serves_what_the_learner_believes() -> None:
    learner = taught(range(ROWS))
    x = (0.5, 0.0, 1.0, 0.0, 0.0)
    propensities, scales = believed(learner, x)
    scored = served(learner).bind(ACTIONS).score(facts({"age": 45, "plan": "basic"}))
    assert scored.features == x
    assert scored.propensities == pytest.approx(propensities, abs=1e-5)
    assert scored.scales == pytest.approx(scales, abs=1e-5)


def test_it_is_ridge_regression() -> None:
    learner = taught(range(ROWS), SCALE, ACTIONS[:1])
    again = taught(range(0), SCALE, ACTIONS[:1])
    moments, answers = RIDGE * np.eye(again.expand.size), np.zeros(again.expand.size)
    for row in range(ROWS):
        chance = np.random.default_rng(row)
        young = bool(chance.random() < 0.5)
        chance.integers(1)
        x = np.array([1.0 if young else -1.0, 0.0, *chance.permutation([1.0, 0.0, 0.0])])
        phi = again.expand(x).astype(float)
        moments += np.outer(phi, phi)
        answers += phi * float(young)
    expected = np.linalg.solve(moments, answers)
    assert learner.belief.weights[0] == pytest.approx(expected, abs=2e-4)
    assert learner.belief.variances[0] == pytest.approx(1 / np.diagonal(moments), rel=1e-4)


def test_parts_learned_apart_add_up_to_the_whole() -> None:
    whole = taught(range(ROWS), SCALE)
    one, other = taught(range(150), SCALE), taught(range(150, ROWS), SCALE)
    one.merge(other)
    assert one.belief.weights == pytest.approx(whole.belief.weights, abs=1e-3)
    assert one.belief.variances == pytest.approx(whole.belief.variances, rel=1e-3)
    seen = {id: arm.seen for id, arm in whole.snapshot().arms.items()}
    assert {id: arm.seen for id, arm in one.snapshot().arms.items()} == seen


def test_parts_in_other_terms_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="same scale"):
        taught(range(10), SCALE).merge(taught(range(10)))
    with pytest.raises(ValueError, match="same features"):
        taught(range(10), SCALE).merge(Learner((AGE,)))


def test_one_restored_goes_on_as_the_first_would() -> None:
    first = taught(range(ROWS // 2), SCALE)
    again = Learner.restore(first.state())
    for learner in (first, again):
        for row in range(ROWS // 2, ROWS):
            young = row % 3 == 0
            x = np.array([1.0 if young else -1.0, 0.0, 1.0, 0.0, 0.0])
            learner.learn(x, "isa", float(young))
    assert msgspec.json.encode(again.snapshot()) == msgspec.json.encode(first.snapshot())
    assert again.state() == first.state()


def test_what_is_no_state_is_refused() -> None:
    state = taught(range(20)).state()
    for broken in (b"", state[:-1], state.replace(b"teller.learner.3", b"teller.learner.9")):
        with pytest.raises(ModelRefused, match="not a learner's state"):
            Learner.restore(broken)


def test_an_answer_that_comes_late_counts_as_if_it_had_been_known() -> None:
    rows = [(np.array([age, 0.0, 1.0, 0.0, 0.0]), float(age > 0)) for age in (-1.0, 0.3, 1.2)]
    late, told = taught(range(50), SCALE), taught(range(50), SCALE)
    for x, reward in rows:
        late.learn(x, "isa", 0.0)
        told.learn(x, "isa", reward)
    for x, reward in rows:
        late.more(x, "isa", reward)
    for x, _ in rows:
        one, other = (believed(each, x)[0] for each in (late, told))
        assert one == pytest.approx(other, abs=0.03)
    ours, theirs = late.snapshot().arms["isa"], told.snapshot().arms["isa"]
    weights = (np.frombuffer(arm.weights, "<f4") for arm in (ours, theirs))
    np.testing.assert_allclose(*weights, atol=1e-4)
    assert ours.seen == theirs.seen


def test_an_action_only_the_other_learner_knew_is_known_after() -> None:
    one, other = taught(range(50), SCALE, ACTIONS[:1]), taught(range(50), SCALE)
    one.merge(other)
    assert set(one.snapshot().arms) == {"isa", "loan", "news"}


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
    expansion = Expansion(np.array([False]), waves(1), Scale(100.0, (0.0,), (100.0,)))
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
    expansion = Expansion(np.array([False]), waves(1))
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


def test_what_two_made_up_for_apart_is_not_made_up_for_twice() -> None:
    one, other = taught(range(ROWS), SCALE), taught(range(ROWS), SCALE)
    x = one.expand(np.array([1.0, 0.0, 1.0, 0.0, 0.0]))
    before = one._recall.about(x, 3)[0]
    one.merge(other)
    assert one._recall.about(x, 3)[0] == pytest.approx(before, abs=0.05)


def test_what_is_forgotten_is_outweighed_sooner() -> None:
    def after(keep: float) -> float:
        learner = taught(range(ROWS), SCALE)
        learner.forget(keep)
        for _ in range(2):
            learner.learn(np.array([1.0, 0.0, 1.0, 0.0, 0.0]), "isa", 0.0)
        return float(learner.belief.weights[0].dot(learner.expand(np.array([1.0, 0, 1, 0, 0]))))

    assert after(0.05) < after(1.0) / 2


def test_forgetting_everything_leaves_the_prior() -> None:
    learner = taught(range(ROWS), SCALE)
    learner.forget(0.0)
    assert learner.belief.weights == pytest.approx(0.0, abs=1e-6)
    assert learner.belief.variances == pytest.approx(1 / RIDGE, rel=1e-4)


def test_a_newcomer_starts_from_its_group_and_with_no_certainty() -> None:
    model = served(taught(range(ROWS)))
    new, old = an_action("new-isa", "savings"), an_action("isa", "savings")
    assert propensities(model, 50.0, new) == pytest.approx(propensities(model, 50.0, old), abs=0.05)
    scales = model.bind([new, old]).score(facts({"age": 30})).scales
    assert scales is not None
    assert scales[0] > 2 * scales[1]


def test_thousands_of_newcomers_start_from_the_same_sums_worked_out_once() -> None:
    class Counted(OnlineModel):
        averaged = 0

        def _average(self, ids: Iterable[str]) -> NDArray[np.float32]:
            Counted.averaged += 1
            return super()._average(ids)

    model = Counted(taught(range(ROWS)).snapshot(), "v")
    model.bind([an_action(f"new-{number}", "savings") for number in range(3000)])
    assert Counted.averaged == 1


def test_what_never_worked_may_still_be_tried() -> None:
    scored = served(taught(range(ROWS))).bind(ACTIONS).score(facts({"age": 50}))
    assert min(scored.propensities) >= LEAST


def test_where_something_surely_works_little_else_is_tried() -> None:
    learner = taught(range(4000), SCALE)
    sure = believed(learner, (1.0, 0.0, 1.0, 0.0, 0.0))[1]
    learner.know([an_action("new")])
    fresh = Learner(PLAIN, SCALE)
    fresh.know(ACTIONS)
    unsure = believed(fresh, (1.0, 0.0, 1.0, 0.0, 0.0))[1]
    assert sure[0] < unsure.min() / 10


def test_columns_are_measured_as_they_come_until_they_have_settled() -> None:
    expansion = Expansion(np.array([False, True]), waves(2))
    rng = np.random.default_rng(1)
    rows = np.column_stack([rng.normal(50, 10, 200), rng.integers(2, size=200)])
    for row in rows:
        expansion.see(row)
    scale = expansion.scale
    assert scale.means == pytest.approx(rows.mean(axis=0))
    assert np.sqrt(np.array(scale.squares) / 200) == pytest.approx(rows.std(axis=0))
    settled = Expansion(
        np.array([False, True]), waves(2), Scale(SETTLED, scale.means, scale.squares)
    )
    settled.see(np.array([1e6, 1.0]))
    assert settled.scale.means == scale.means


def test_an_outlier_is_no_further_than_five_deviations() -> None:
    expansion = Expansion(np.array([False]), waves(1), Scale(100.0, (0.0,), (100.0,)))
    assert expansion(np.array([1e9]))[1] == expansion(np.array([LARGEST_Z]))[1]


@pytest.mark.parametrize("features", [PLAIN, FEATURES, ()])
def test_it_passes_every_check(features: tuple[Feature, ...]) -> None:
    learner = Learner(features)
    learner.know(ACTIONS)
    columns = len(learner.expand.scale.means)
    for row in range(50):
        x = np.random.default_rng(row).random(columns)
        learner.expand.see(x)
        learner.learn(x, ACTIONS[row % 3].id, float(row % 2))
    check_model(served(learner), ACTIONS, [facts({"age": 33, "plan": "basic"})])
    data = msgspec.json.encode(learner.snapshot())
    check_model(parse_model("online", data), ACTIONS, [facts()])


def test_one_that_knows_no_action_yet_serves() -> None:
    check_model(served(Learner(PLAIN)), ACTIONS, [facts()])


def spoilt(**changes: object) -> bytes:
    tree = msgspec.to_builtins(taught(range(20)).snapshot())
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = tree
        for parent in parents:
            place = place[parent]
        place[last] = value
    return msgspec.json.encode(tree)


@pytest.mark.parametrize(
    "changes",
    [
        {"arms__isa__weights": ""},
        {"arms__isa__precision": msgspec.to_builtins(np.zeros(134, "<f4").tobytes())},
        {"arms__isa__weights": msgspec.to_builtins(np.full(134, np.nan, "<f4").tobytes())},
        {"arms__isa__seen": -1.0},
        {"scale__rows": -1.0},
        {"scale__means": []},
        {"scale__squares": [-1.0] * 5},
        {"waves__phases": ""},
        {"memories__places": ""},
        {"memories__names": []},
        {"memories__reach": 0.0},
        {"memories__losses": [1e999, 0.0]},
        {"memories__owners": "AAA="},
        {"features": msgspec.to_builtins([Feature("x", "customer.x", Number(scale=0.0))])},
        {"type": "teller.logistic.1"},
    ],
)
def test_what_cannot_serve_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ModelRefused):
        parse_online(spoilt(**changes), "v")
    assert parse_online(spoilt(), "v")
