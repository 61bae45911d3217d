"""Facts about learning an answer at a time: what adds up, what is kept, what is forgotten."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from engine.errors import ModelRefused
from engine.models.features import Feature, Number
from engine.models.online.expansion import Scale
from engine.models.online.learner import Learner
from engine.models.online.memories import LATEST
from engine.models.online.regressions import RIDGE
from engine.models.online.state import LearnerState
from tests.models.builders import AGE, an_action
from tests.models.online.pupils import ACTIONS, PLAIN, ROWS, SCALE, believed, taught


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


def test_whom_two_found_right_so_far_adds_up() -> None:
    one, other = taught(range(150), SCALE), taught(range(150, ROWS), SCALE)
    parts = [learner.snapshot() for learner in (one, other)]
    one.merge(other)
    both = one.snapshot()
    for told in ("losses", "proof"):
        own = [getattr(part.hindsights, told) for part in parts]
        assert getattr(both.hindsights, told) == pytest.approx(np.add(*own))
    assert both.balance == pytest.approx(np.add(*(part.balance for part in parts)))


def test_what_is_typical_is_not_measured_anew_by_the_first_answer_after_a_merge() -> None:
    one, other = taught(range(ROWS), SCALE), taught(range(ROWS, 2 * ROWS), SCALE)
    before = one._recall.reach
    one.merge(other)
    one.merge(Learner(PLAIN, SCALE))  # which has heard nothing
    assert one._recall.reach == pytest.approx(before, rel=0.1)
    for _ in range(3):
        one.learn(np.array([40.0, 1.0, 0.0, 1.0, 0.0]), "isa", 0.0)  # like nobody
    assert one._recall.reach == pytest.approx(before, rel=0.1)


def test_one_restored_once_old_answers_went_goes_on_as_the_first_would() -> None:
    """Sums over the answers kept depend on where each stands, to the last bit."""
    first = taught(range(LATEST + 300))
    again = Learner.restore(first.state())
    for learner in (first, again):
        for row in range(200):
            x = np.array([row % 7 - 3.0, 0.0, 1.0, 0.0, 0.0])
            learner.learn(x, "isa", float(row % 3 == 0))
    assert again.state() == first.state()


def test_one_that_looks_at_nothing_restores_too() -> None:
    first = Learner(())
    first.know(ACTIONS)
    for row in range(200):
        first.learn(np.zeros(0), ACTIONS[row % 3].id, float(row % 3 == 0))
    again = Learner.restore(first.state())
    assert again.state() == first.state()
    assert believed(again, [])[0].tolist() == believed(first, [])[0].tolist()


def test_a_group_that_all_actions_have_left_is_merged_too() -> None:
    one, other = Learner(PLAIN, SCALE), taught(range(50), SCALE)
    for action in ACTIONS:
        other.know([an_action(action.id, "elsewhere")])
    one.merge(other)
    kin = one.snapshot().shares.kin
    assert kin["group savings"] == pytest.approx(other.snapshot().shares.kin["group savings"])


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": ("isa", "loan", "gone")},
        {"rows": ("isa", "isa", "loan"), "actions": ACTIONS[:2]},
        {"known": -1},
        {"taken": 51},
        {"taken": 2**64 - 1},
        {"known": 2**64 - 1},
        {"learned": {"times": 2**64 - 1}},
        {"learned": {"times": -1}},
        {"learned": {"wait": -1}},
        {"actions": ()},
        {"late": float("nan")},
        {"scale": Scale(50.0, (), ())},
        {"scale": Scale(50.0, (0.0,) * 5, (-1.0,) * 5)},
        {"sums": {"seen": (50.0, -1.0, 0.0)}},
        {"sums": {"precisions": np.zeros((3, 134), "<f4").tobytes()}},
        {"sums": {"inverses": np.array([np.eye(134)] * 2 + [-np.eye(134)], "<f4").tobytes()}},
        {"sums": {"inverses": np.zeros((3, 134, 134), "<f4").tobytes()}},
        {"sums": {"inverses": np.full((3, 134, 134), 0.5, "<f4").tobytes()}},
        {"schooled": {"covariance": (-np.eye(6)).astype("<f4").tobytes()}},
    ],
)
def test_a_state_whose_parts_do_not_belong_together_is_refused(changes: dict[str, object]) -> None:
    held = msgspec.msgpack.decode(taught(range(50)).state(), type=LearnerState)
    changes = {
        name: msgspec.structs.replace(getattr(held, name), **part)
        if isinstance(part, dict)
        else part
        for name, part in changes.items()
    }
    spoilt = msgspec.structs.replace(held, **changes)
    with pytest.raises(ModelRefused):
        Learner.restore(msgspec.msgpack.encode(spoilt))


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
    for broken in (b"", state[:-1], state.replace(b"teller.learner", b"teller.teacher")):
        with pytest.raises(ModelRefused, match="not a learner's state"):
            Learner.restore(broken)


def test_an_answer_that_comes_late_counts_as_if_it_had_been_known() -> None:
    rows = [(np.array([age, 0.0, 1.0, 0.0, 0.0]), float(age > 0)) for age in (-1.0, 0.3, 1.2)]
    late, told = taught(range(50), SCALE), taught(range(50), SCALE)
    for x, reward in rows:
        late.learn(x, "isa", 0.0)
        told.learn(x, "isa", reward)
    for x, reward in rows:
        late.more(x, "isa", 0.0, reward)
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


def test_a_learner_that_knows_no_action_yet_can_forget() -> None:
    """A day may pass before anything is offered."""
    learner, fresh = Learner((AGE,)), Learner((AGE,))
    learner.forget(0.5)
    assert learner.state() == fresh.state()


def test_forgetting_everything_leaves_the_prior() -> None:
    learner = taught(range(ROWS), SCALE)
    learner.forget(0.0)
    assert learner.belief.weights == pytest.approx(0.0, abs=1e-6)
    assert learner.belief.variances == pytest.approx(1 / RIDGE, rel=1e-4)


def test_where_something_surely_works_little_else_is_tried() -> None:
    learner = taught(range(4000), SCALE)
    sure = believed(learner, (1.0, 0.0, 1.0, 0.0, 0.0))[1]
    learner.know([an_action("new")])
    fresh = Learner(PLAIN, SCALE)
    fresh.know(ACTIONS)
    unsure = believed(fresh, (1.0, 0.0, 1.0, 0.0, 0.0))[1]
    assert sure[0] < unsure.min() / 10


def test_where_many_say_yes_an_own_that_expected_too_much_is_not_given_up_for_what_is_shared() -> (
    None
):
    """A number each tells a little of who takes an action; thirty-seven others nothing."""
    numbers = [Feature(f"n{place}", f"customer.n{place}", Number()) for place in range(40)]
    learner, chance = Learner(numbers), np.random.default_rng(2)
    learner.know(ACTIONS)
    for _ in range(1500):
        x, place = chance.standard_normal(40), int(chance.integers(3))
        learner.expand.see(x)
        taken = chance.random() < 0.4 + 0.15 * np.sign(x[place])
        learner.learn(x, ACTIONS[place].id, float(taken))
    assert learner.belief.hindsight.temper.slope < 0.4
    assert learner.belief.balance.shared < 0.1


def test_where_nothing_tells_moments_apart_what_actions_share_is_believed() -> None:
    numbers = [Feature(f"n{place}", f"customer.n{place}", Number()) for place in range(6)]
    learner, chance = Learner(numbers), np.random.default_rng(2)
    actions = [an_action(f"a{place}", None) for place in range(8)]
    learner.know(actions)
    for _ in range(1500):
        x, place = chance.standard_normal(6), int(chance.integers(8))
        learner.expand.see(x)
        learner.learn(x, f"a{place}", float(chance.random() < 0.01 * (1 + place)))
    assert learner.belief.balance.shared > 0.9
