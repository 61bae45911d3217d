"""What an action is worth, and who is in the running."""

import random

import numpy as np
import pytest

from engine.arbitration import contenders, priorities


def test_priority_is_expected_worth_times_weights_less_the_cost_of_contact() -> None:
    priority = priorities(
        np.array([0.1, 0.2]), np.array([100.0, 10.0]), [np.array([1.0, 3.0])], 0.5
    )
    assert priority.tolist() == pytest.approx([9.5, 5.5])


def test_the_model_s_own_propensities_are_left_as_they_were() -> None:
    propensities = np.array([0.1])
    priorities(propensities, np.array([100.0]), [np.array([2.0])], 0.0)
    assert propensities.tolist() == [0.1]


def test_nothing_worth_no_more_than_silence_is_in_the_running() -> None:
    running = contenders(0b111, np.array([0.0, -1.0, 1.0]), np.zeros(3, dtype=int))
    assert running.tolist() == [2]


def test_an_action_of_unknown_value_is_not_in_the_running() -> None:
    running = contenders(0b11, np.array([np.nan, 1.0]), np.zeros(2, dtype=int))
    assert running.tolist() == [1]


def test_the_highest_tier_worth_anything_comes_first_whatever_the_priority() -> None:
    running = contenders(0b111, np.array([99.0, 1.0, -1.0]), np.array([0, 5, 9]))
    assert running.tolist() == [1]


@pytest.mark.parametrize("actions", [0, 1, 7, 8, 9, 64, 65, 300])
def test_whoever_may_be_offered_and_is_worth_something_is_in_the_running(actions: int) -> None:
    chance = random.Random(actions)
    candidates = chance.getrandbits(actions) if actions else 0
    priority = [chance.choice([-1.0, 0.0, 5e-324, 2.0, np.nan]) for _ in range(actions)]
    running = contenders(candidates, np.array(priority, np.float64), None)
    wanted = [i for i in range(actions) if candidates >> i & 1 and priority[i] > 0]
    assert running.tolist() == wanted
