"""How far a distribution moved, and how far chance moves one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from training.monitoring.psi import Bins, bins, design_effect, shift

TIMES = 300
LEVEL = 0.05


def sample(rng: np.random.Generator, customers: int, each: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes of bins, and whose they are: a customer's rows are all in one bin."""
    codes = np.repeat(rng.choice(4, customers, p=[0.4, 0.3, 0.2, 0.1]), each)
    return codes.astype(np.int64), np.repeat(np.arange(customers), each).astype(np.int64)


@pytest.mark.parametrize(("customers", "each"), [(1500, 1), (300, 8)])
def test_chance_exceeds_its_threshold_as_often_as_the_level_says(customers: int, each: int) -> None:
    rng = np.random.default_rng(3)
    found = [
        shift(sample(rng, customers, each), sample(rng, customers // 2, each), 4, LEVEL)
        for _ in range(TIMES)
    ]
    exceeded = np.mean([one.distance > one.chance for one in found])
    assert abs(exceeded - LEVEL) < 0.025


def test_taking_rows_for_customers_would_find_drift_where_there_is_none() -> None:
    rng = np.random.default_rng(3)
    exceeded = []
    for _ in range(TIMES):
        parts = [sample(rng, number, 8)[0] for number in (300, 150)]
        alone = [(codes, np.arange(len(codes))) for codes in parts]
        one = shift(alone[0], alone[1], 4, LEVEL)
        exceeded.append(one.distance > one.chance)
    assert np.mean(exceeded) > 0.5


def test_the_index_of_a_known_change_is_its_textbook_value() -> None:
    before = np.repeat([0, 1], [5_000, 5_000]), np.arange(10_000)
    after = np.repeat([0, 1], [9_000, 1_000]), np.arange(10_000)
    expected = 0.4 * np.log(0.9 / 0.5) + -0.4 * np.log(0.1 / 0.5)
    assert shift(before, after, 2, LEVEL).distance == pytest.approx(expected, rel=1e-3)


def test_rows_that_a_customer_repeats_are_worth_one() -> None:
    codes, subjects = sample(np.random.default_rng(0), 400, 5)
    assert design_effect(codes, subjects, 4) == pytest.approx(5.0, rel=0.02)
    assert design_effect(codes, np.arange(len(codes)), 4) == 1.0


def test_numbers_fall_into_tenths_and_what_is_missing_into_a_bin_of_its_own() -> None:
    column = pd.Series([*map(float, range(1000)), np.nan])
    found = bins(column, 1000)
    counts = np.bincount(found.codes(column), minlength=found.count)
    assert counts[-1] == 1
    assert counts[:10].tolist() == pytest.approx([100] * 10, abs=1)


def test_words_never_seen_before_share_a_bin() -> None:
    found = bins(pd.Series(["a", "b"] * 100), 200)
    assert found == Bins(None, ("a", "b"))
    assert found.codes(pd.Series(["b", "new", "newer", None])).tolist() == [1, 2, 2, 3]


def test_a_list_is_the_set_of_what_it_holds() -> None:
    found = bins(pd.Series([["x", "y"], ["y", "x"], []] * 50), 150)
    assert found.words == ("", "x y")


def test_a_column_that_lost_all_its_values_moved_as_far_as_can_be() -> None:
    column = pd.Series([*(["basic"] * 500), *([None] * 500)])
    codes = bins(column[:500], 500).codes(column)
    numbers = np.arange(500)
    one = shift((codes[:500], numbers), (codes[500:], numbers), 3, 0.001)
    assert one.distance > 5.0 > one.chance
