"""Draws, splits and assignments: fixed for a key, uniform over keys, independent by purpose."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.hashing import uniform


@given(st.text(), st.text())
def test_every_draw_lies_in_the_unit_interval(key: str, purpose: str) -> None:
    assert 0.0 <= uniform(key, purpose) < 1.0


def test_a_draw_is_the_same_on_every_machine_and_day() -> None:
    assert uniform("0193a", "home.hero/1") == 0.8791419701449986
    assert uniform("0193a", "a purpose longer than sixteen bytes") == 0.7901651050992258


def test_draws_are_uniform_over_keys() -> None:
    draws = np.array([uniform(str(key), "slot") for key in range(20_000)])
    shares, _ = np.histogram(draws, bins=20, range=(0, 1))
    chi_square = float(((shares - 1000) ** 2 / 1000).sum())
    assert chi_square < 43.8  # 99.9th percentile, 19 degrees of freedom


def test_draws_for_two_purposes_are_independent() -> None:
    one = np.array([uniform(str(key), "slot/1") for key in range(20_000)])
    two = np.array([uniform(str(key), "slot/2") for key in range(20_000)])
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.025
