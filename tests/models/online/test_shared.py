"""Facts about what all actions have in common."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pytest

from engine.domain import Action
from engine.errors import ModelRefused
from engine.models.encoder import Encoder
from engine.models.features import Feature, Members
from engine.models.online.balance import Balance
from engine.models.online.expansion import Breadth, Expansion, Scale, binary, waves
from engine.models.online.learner import Learner
from engine.models.online.shared import Shared
from tests.models.builders import AGE, an_action
from tests.models.online.pupils import SCALE, believed, served, taught

LIKES = Feature("likes", "customer.likes", Members(("a", "b", "c", "d")), match="id")
ENCODER = Encoder((AGE, LIKES))
FOUR = tuple(an_action(name, group) for name, group in zip("abcd", "xxyy", strict=True))
NOBODY = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def likes(number: int, age: float = 0.0) -> np.ndarray:
    row = NOBODY.copy()
    row[0], row[2 + number] = age, 1.0
    return row


def pupil(actions: Sequence[Action] = FOUR) -> tuple[Shared, Expansion]:
    scale = Scale(100.0, (0.0,) * 6, (100.0,) * 6)
    expansion = Expansion(binary(ENCODER), waves(6, Breadth(6.0, 6.0)), scale)
    shared = Shared(ENCODER, expansion)
    for row, action in enumerate(actions):
        shared.know(row, action)
    return shared, expansion


def school(shared: Shared, expansion: Expansion, rows: range, rate: float = 0.02) -> None:
    """Who likes an action answers it five times as often; the third is answered twice as often."""
    for row in rows:
        chance = np.random.default_rng(row)
        liked, asked = (int(number) for number in chance.integers(4, size=2))
        x = likes(liked, float(chance.normal()))
        truth = rate * (5.0 if liked == asked else 1.0) * (2.0 if asked == 2 else 1.0)
        shared.take(x, expansion(x), asked, float(chance.random() < truth))


def about(shared: Shared, expansion: Expansion, x: np.ndarray) -> list[float]:
    return [float(one) for one in shared.about(x, expansion(x))[0]]


def test_what_one_action_teaches_of_who_likes_it_holds_for_the_others() -> None:
    shared, expansion = pupil()
    for number in range(60):
        x = likes(0) if number % 2 else NOBODY
        shared.take(x, expansion(x), 0, float(number % 2))
    liked, not_liked = (about(shared, expansion, x)[3] for x in (likes(3), NOBODY))
    assert liked > 3 * not_liked


def test_rare_rates_are_found_to_be_rare() -> None:
    shared, expansion = pupil()
    school(shared, expansion, range(6000))
    said = np.mean([about(shared, expansion, likes(n)) for n in range(4)], axis=0)
    truth = 0.02 * np.array([1.0, 1.0, 2.0, 1.0]) * (5.0 + 3.0) / 4.0
    assert said == pytest.approx(truth, rel=0.5)


def test_the_less_is_known_of_a_rare_answer_the_further_above_it_may_be() -> None:
    shared, expansion = pupil((*FOUR, an_action("new", "x")))
    school(shared, expansion, range(2000))
    propensities, spreads = shared.about(NOBODY, expansion(NOBODY))
    assert spreads[4] / propensities[4] > 2 * spreads[0] / propensities[0]


def test_what_was_learned_apart_adds_up_to_the_whole() -> None:
    (whole, expansion), (one, _), (other, _) = pupil(), pupil(), pupil(FOUR[::-1])
    school(whole, expansion, range(2000), 0.1)
    school(one, expansion, range(1000), 0.1)
    for row in range(1000, 2000):  # the same answers, of actions in another order
        chance = np.random.default_rng(row)
        liked, asked = (int(number) for number in chance.integers(4, size=2))
        x = likes(liked, float(chance.normal()))
        truth = 0.1 * (5.0 if liked == asked else 1.0) * (2.0 if asked == 2 else 1.0)
        other.take(x, expansion(x), 3 - asked, float(chance.random() < truth))
    one.join(other, [3, 2, 1, 0])
    for x in (NOBODY, likes(0), likes(2)):
        assert about(one, expansion, x) == pytest.approx(about(whole, expansion, x), abs=0.03)


def test_what_is_forgotten_counts_for_less_and_in_the_end_for_nothing() -> None:
    (fresh, expansion), (shared, _) = pupil(), pupil()
    school(shared, expansion, range(1000))
    first = about(fresh, expansion, NOBODY)
    known = about(shared, expansion, NOBODY)
    shared.forget(0.05)
    faded = about(shared, expansion, NOBODY)
    assert known[0] < faded[0] < first[0]
    shared.forget(0.0)
    assert about(shared, expansion, NOBODY) == pytest.approx(first, rel=1e-4)


def test_an_answer_that_comes_late_counts_about_as_if_it_had_been_known() -> None:
    (late, expansion), (told, _), (never, _) = pupil(), pupil(), pupil()
    for shared in (late, told, never):
        school(shared, expansion, range(500))
    for number in range(4):
        x = likes(number)
        late.take(x, expansion(x), number, 0.0)
        never.take(x, expansion(x), number, 0.0)
        told.take(x, expansion(x), number, 1.0)
    for number in range(4):
        late.amend(likes(number), expansion(likes(number)), number, 1.0)
    ours, theirs, before = (
        np.log(about(shared, expansion, likes(1))) for shared in (late, told, never)
    )
    assert np.abs(ours - theirs).max() < 0.25 * (theirs - before).min()


def test_an_action_that_moves_to_another_group_takes_after_that_one() -> None:
    (shared, expansion), (stays, _) = pupil(), pupil()
    for one in (shared, stays):
        for _ in range(50):
            one.take(NOBODY, expansion(NOBODY), 2, 1.0)
    shared.know(0, an_action("a", "y"))
    assert about(shared, expansion, NOBODY)[0] > about(stays, expansion, NOBODY)[0]


def test_where_answers_are_rare_what_is_shared_serves_as_the_learner_holds_it() -> None:
    learner = Learner((AGE, LIKES))
    learner.know(FOUR)
    for row in range(600):
        chance = np.random.default_rng(row)
        x = likes(int(chance.integers(4)), float(chance.normal()))
        learner.expand.see(x)
        learner.learn(x, "abcd"[int(chance.integers(4))], float(chance.random() < 0.01))
    assert learner.belief.balance.shared == 1.0
    x = likes(2)
    bound = served(learner).bind([*FOUR, an_action("new", "x")])
    belief = bound._belief
    said, spreads = belief.about(x, bound._expand(x))
    ours, further = believed(learner, list(x))
    assert said[:4].tobytes() == ours.tobytes()
    assert spreads[:4].tobytes() == further.tobytes()
    assert 0.0 < said[4] < 0.05


def test_what_two_learners_share_is_added_when_they_are_merged() -> None:
    one, other = taught(range(150), SCALE), taught(range(150, 300), SCALE)
    whole = taught(range(300), SCALE)
    one.merge(other)
    x = np.array([1.0, 0.0, 1.0, 0.0, 0.0])
    said, expected = (each.belief.shared.about(x, each.expand(x))[0] for each in (one, whole))
    assert said == pytest.approx(expected, abs=0.05)


def test_a_learner_that_merged_restores_to_the_same_bytes() -> None:
    one = taught(range(150), SCALE)
    one.merge(taught(range(150, 300), SCALE))
    again = Learner.restore(one.state())
    assert again.state() == one.state()
    assert again.belief.balance.shared == one.belief.balance.shared


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": b""},
        {"weights": np.full(7, np.nan, "<f4").tobytes()},
        {"weights": np.full(7, 1e30, "<f4").tobytes()},
        {"variance": 0.0},
        {"variance": float("nan")},
        {"own": {"a": (0.0, -1.0)}},
        {"kin": {"group x": (1e9, 1.0)}},
    ],
)
def test_what_cannot_be_shared_is_refused(changes: dict[str, object]) -> None:
    shared, _ = pupil()
    shares = msgspec.structs.replace(shared.shares("abcd"), **changes)
    with pytest.raises(ModelRefused):
        pupil()[0].restore(shares, FOUR)


def test_beliefs_are_shared_from_the_first_answers_on_where_they_explain_more() -> None:
    balance = Balance()
    for number in range(300):
        balance.take(float(number % 4 == 0), 0.25, 0.1 + 0.5 * (number % 4 == 0))
    assert balance.shared > 0.9
