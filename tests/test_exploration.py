"""A method's distribution is what the draws then follow (I15)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.exploration import METHODS, Posterior, foremost, pick
from engine.exploration.thompson import DRAWS, HEAD, OPTIMISM, _seed, _uniform, normals
from engine.hashing import uniform

priorities = hnp.arrays(float, st.integers(1, 40), elements=st.floats(0.001, 1e6))


@pytest.mark.parametrize("name", METHODS)
@given(stakes=priorities, floor=st.floats(0.0, 1.0), draw=st.floats(0.0, 1.0, exclude_max=True))
def test_only_actions_with_a_chance_are_picked(
    name: str, stakes: np.ndarray, floor: float, draw: float
) -> None:
    chances = METHODS[name](floor).probabilities(stakes, Posterior(stakes / 3, "decision/1"))
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


def test_igw_gives_an_equal_of_the_best_an_equal_share() -> None:
    chances = METHODS["igw"](0.1).probabilities(np.array([2.0, 2.0, 2.0, 2.0]))
    assert chances.tolist() == pytest.approx([0.25] * 4)


def test_igw_gives_the_worthless_no_more_than_the_floor_and_the_nearer_the_more() -> None:
    chances = METHODS["igw"](0.1).probabilities(np.array([4.0, 2.0, 1e-12]))
    assert chances[2] == pytest.approx(0.1 / 3)
    assert chances[1] == pytest.approx(1 / (3 + 3 * (1 / 0.1 - 1) * 0.5))
    assert chances[0] == pytest.approx(1 - chances[1] - chances[2])


def test_igw_does_not_depend_on_the_unit_of_value() -> None:
    stakes = np.array([4.0, 2.0, 3.0])
    method = METHODS["igw"](0.1)
    assert method.probabilities(stakes * 1000) == pytest.approx(method.probabilities(stakes))


def test_thompson_without_a_posterior_explores_by_its_floor_alone() -> None:
    chances = METHODS["thompson"](0.2).probabilities(np.array([1.0, 3.0, 2.0, 0.5]))
    assert chances.tolist() == pytest.approx([0.05, 0.85, 0.05, 0.05])


def test_thompson_counts_draws_exactly_and_shares_the_floor() -> None:
    stakes, floor = np.array([1.0, 1.02, 0.98, 0.1]), 0.2
    chances = METHODS["thompson"](floor).probabilities(stakes, Posterior(stakes * 0.5, "d/1"))
    counts = (chances - floor / 4) / (1 - floor) * DRAWS
    assert counts == pytest.approx(counts.round())
    assert counts.sum() == pytest.approx(DRAWS)
    assert 0 < counts[0] < DRAWS
    assert chances[3] == pytest.approx(floor / 4)


def test_the_less_known_of_two_equals_is_tried_more() -> None:
    posterior = Posterior(np.array([0.1, 0.5]), "d/1")
    chances = METHODS["thompson"](0.0).probabilities(np.array([1.0, 1.0]), posterior)
    assert chances[1] > 0.9


def test_a_slot_is_always_drawn_for_alike_and_another_otherwise() -> None:
    method, stakes = METHODS["thompson"](0.0), np.array([1.0, 1.01, 1.0, 0.99])
    first, again, other = (
        method.probabilities(stakes, Posterior(stakes, key)).tolist() for key in ("a", "a", "b")
    )
    assert first == again != other


def test_only_the_most_promising_are_drawn_for() -> None:
    stakes = np.linspace(1.0, 2.0, 1000)
    chances = METHODS["thompson"](0.1).probabilities(stakes, Posterior(stakes, "d/1"))
    assert chances.sum() == pytest.approx(1.0)
    assert (chances[: 1000 - HEAD] == 0.1 / 1000).all()


def test_of_equals_the_first_are_drawn_for_whatever_the_machine() -> None:
    stakes = np.full(2000, 1.0)
    chances = METHODS["thompson"](0.0).probabilities(stakes, Posterior(stakes / 9, "d/1"))
    assert chances.nonzero()[0].max() < HEAD


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=400), st.integers(1, 40))
def test_the_foremost_are_the_largest_first_and_of_equals_the_earlier(
    numbers: list[int], most: int
) -> None:
    ranked = sorted(range(len(numbers)), key=lambda place: (-numbers[place], place))
    assert foremost(np.array(numbers, float), most).tolist() == ranked[:most]


def test_an_unsure_rival_is_not_lost_by_looking_at_contenders_alone() -> None:
    """Against the plain definition: every candidate drawn for in every draw."""
    rng = np.random.default_rng(3)
    for number in range(200):
        stakes, scales = rng.random(6) + 0.1, rng.random(6) * rng.random()
        key = f"d/{number}"
        pairs = [normals(_seed(key), nth) for nth in range(DRAWS // 2 * 6)]
        drawn = np.array(pairs).reshape(DRAWS // 2, 6, 2).transpose(0, 2, 1).reshape(DRAWS, 6)
        best = (stakes + scales + scales / OPTIMISM * drawn).argmax(axis=1)
        chances = METHODS["thompson"](0.0).probabilities(stakes, Posterior(scales, key))
        assert (chances * DRAWS).tolist() == np.bincount(best, minlength=6).tolist()


@pytest.mark.parametrize("beyond", [np.inf, np.nan])
def test_what_is_infinite_or_no_number_leaves_nobody_to_draw_for(beyond: float) -> None:
    """No index is checked in machine code: nobody's share would be written anywhere."""
    stakes, scales = np.array([1.0, beyond, 2.0]), np.array([1.0, beyond, 1.0])
    chances = METHODS["thompson"](0.3).probabilities(stakes, Posterior(scales, "d/1"))
    assert chances.tolist() == pytest.approx([0.1, 0.8, 0.1])


def test_uniform_numbers_are_those_of_splitmix64() -> None:
    """The reference's first words from the seed 1234567."""
    words = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    drawn = [_uniform(1234567, nth) for nth in range(3)]
    assert drawn == [((word >> 11) + 0.5) / 2**53 for word in words]


def test_normal_draws_are_normal() -> None:
    drawn = np.array([normals(_seed(f"d/{number % 100}"), number) for number in range(32_000)])
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.std() - 1.0) < 0.02
    assert abs((drawn < 1.96).mean() - 0.975) < 0.005
    assert abs((drawn[:, 0] * drawn[:, 1]).mean()) < 0.02
