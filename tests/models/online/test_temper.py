"""Facts about how much of what is expected is believed."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ModelRefused
from engine.models.online.temper import Temper


def taught(luck: float, answers: int = 4000) -> Temper:
    """Two actions that work every other time; so much of what is expected beyond that is true."""
    chance, temper = np.random.default_rng(3), Temper()
    for ahead in chance.choice([-0.4, 0.4], answers):
        worked = float(chance.random() < 0.5 + luck * ahead)
        temper.take(int(chance.integers(2)), worked, 0.5 + float(ahead))
    return temper


def test_before_anything_came_all_is_believed() -> None:
    assert Temper().means(np.array([0.1, 0.7])).tolist() == [0.1, 0.7]


@pytest.mark.parametrize("luck", [0.0, 0.5, 1.0])
def test_as_much_is_believed_as_came_true(luck: float) -> None:
    temper = taught(luck)
    assert temper.slope == pytest.approx(luck, abs=0.08)
    high, low = temper.means(np.array([0.9, 0.1]))
    assert (high, low) == pytest.approx((0.5 + 0.4 * luck, 0.5 - 0.4 * luck), abs=0.05)


def test_what_proved_the_other_way_round_is_not_believed_and_not_turned_round() -> None:
    assert taught(-1.0).slope == 0.0


def test_of_an_action_without_answers_all_is_believed_whatever_came_of_others() -> None:
    assert taught(0.0).means(np.array([0.9, 0.9, 0.9]))[2] == pytest.approx(0.9)


def test_what_is_told_of_an_answer_is_all_that_was_expected_however_little_is_believed() -> None:
    told = taught(0.0).take(1, 1.0, 0.8)
    assert told.expected == 0.8
    assert told.ahead == pytest.approx(0.3, abs=0.02)


def test_a_late_yes_proves_what_an_early_one_proves() -> None:
    early, late = Temper(), Temper()
    for temper, worked in ((early, 1.0), (late, 0.0)):
        for _ in range(5):
            temper.take(0, 0.0, 0.2)
        ahead = temper.take(0, worked, 0.9).ahead
    for temper in (early, late):
        for _ in range(3):
            temper.take(1, 0.0, 0.2)
    late.amend(0, 1.0, ahead, 3)
    assert late.proof == pytest.approx(early.proof)
    assert late.means(np.array([0.5])) == pytest.approx(early.means(np.array([0.5])))


def test_a_burst_of_late_answers_says_nothing_against_what_was_expected_without_them() -> None:
    """Nobody answered at first, so that no answer was expected, nor was the rate above that."""
    temper = Temper()
    promised = [temper.take(0, 0.0, 0.0).ahead for _ in range(400)]
    for number, ahead in enumerate(promised[:200]):
        temper.amend(0, 1.0, ahead, 399 - number)
    assert temper.slope == 1.0


def test_sums_that_cannot_be_are_refused() -> None:
    for proof in ((0.0, -1.0), (float("nan"), 1.0), (1e9, 1.0)):
        with pytest.raises(ModelRefused, match="temper"):
            Temper(proof)


def test_what_is_told_of_an_answer_to_have_been_believed_is_what_was_served() -> None:
    temper = Temper((5.0, 20.0))
    temper.count(0, 1.0, 4.0)
    (served,) = temper.means(np.array([0.7])).tolist()
    assert temper.take(0, 1.0, 0.7).believed == pytest.approx(served)
    assert served < 0.6
