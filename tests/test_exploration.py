"""A method's distribution is what the draws then follow (I15)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.exploration import METHODS, pick
from engine.hashing import uniform

priorities = hnp.arrays(float, st.integers(1, 40), elements=st.floats(0.001, 1e6))


@pytest.mark.parametrize("name", METHODS)
@given(stakes=priorities, floor=st.floats(0.0, 1.0), draw=st.floats(0.0, 1.0, exclude_max=True))
def test_only_actions_with_a_chance_are_picked(
    name: str, stakes: np.ndarray, floor: float, draw: float
) -> None:
    chances = METHODS[name](floor).probabilities(stakes)
    assert chances.shape == stakes.shape
    assert abs(chances.sum() - 1.0) < 1e-9
    assert chances[pick(chances, draw)] > 0.0


def test_without_exploration_the_first_of_the_best_always_wins() -> None:
    chances = METHODS["none"](0.5).probabilities(np.array([1.0, 3.0, 3.0]))
    assert chances.tolist() == [0.0, 1.0, 0.0]


def test_epsilon_gives_everyone_an_equal_share_of_the_floor() -> None:
    chances = METHODS["epsilon"](0.2).probabilities(np.array([1.0, 3.0, 2.0, 0.5]))
    assert chances.tolist() == pytest.approx([0.05, 0.85, 0.05, 0.05])


def test_draws_follow_the_distribution() -> None:
    chances = METHODS["epsilon"](0.3).probabilities(np.array([1.0, 3.0, 2.0]))
    picks = [pick(chances, uniform(f"decision-{i}", "home/1")) for i in range(20_000)]
    shares = np.bincount(picks, minlength=3) / 20_000
    assert np.abs(shares - chances).max() < 4 * np.sqrt(0.25 / 20_000)
