"""Facts about who is near: loops in machine code, held to what numpy says of the same."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models.online import neighbours
from engine.models.online.expansion import Vector
from engine.models.online.neighbours import Numbers, Owners, average, metric_of, nearness, recalled

MANY = 40
"""Actions, so that answers are gone over once for all, not once an action."""

SIZES = st.integers(0, 60)


def drawn(seed: int, *shape: int) -> Vector:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def said(owners: Owners, weights: Vector, left: Vector, missed: Vector, actions: int) -> Numbers:
    """What `recalled` says where smooth is trusted by 0.3 and sharp by 0.5, action by action."""
    alike, nearby = weights.astype(np.float64)
    columns = []
    for action in range(actions):
        own = owners == action
        smooth = (alike * left)[own].sum() / (1.0 + alike[own].sum())
        sharp = (alike * missed)[own].sum() / 2.0
        share = (nearby[own].sum() + exp(-1.5)) / (own.sum() + 1.0)
        columns.append((smooth, sharp, 0.3 * smooth + 0.5 * sharp, share))
    return np.array(columns).reshape(actions, 4).T


@given(seed=st.integers(0, 2**32), width=st.integers(0, 30), held=SIZES, spare=SIZES)
def test_who_is_near_is_who_differs_little_in_what_counts(
    seed: int, width: int, held: int, spare: int
) -> None:
    places, place = drawn(seed, width, held + spare), drawn(seed + 1, width)
    counts = np.abs(drawn(seed + 2, width))
    apart = counts.dot(np.abs(places - place[:, None]))[:held] / 2.5
    weights, mean = nearness(places, counts, place, 2.5, held)
    assert weights == pytest.approx(
        np.array([np.exp(-apart / 0.15), np.exp(-1.5 * apart**2)]), rel=1e-3, abs=1e-6
    )
    assert mean == pytest.approx(apart.mean() if held else 0.0, rel=1e-4)


@given(
    seed=st.integers(0, 2**32),
    held=SIZES,
    spare=SIZES,
    actions=st.sampled_from([0, 1, 2, 10, 11, MANY]),
    beyond=st.integers(0, 2),
)
def test_what_is_recalled_of_an_action_is_of_its_own_answers(
    seed: int, held: int, spare: int, actions: int, beyond: int
) -> None:
    """Some answers are of actions beyond those asked about, and count for nobody."""
    chance = np.random.default_rng(seed)
    owners = chance.integers(actions + beyond or 1, size=held + spare)
    weights = chance.random((2, held), np.float32)
    left, missed = drawn(seed + 1, 2, held + spare)
    found = recalled(owners, weights, left, missed, (0.3, 0.5), actions)
    expected = said(owners[:held], weights, left[:held], missed[:held], actions)
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-4)


@given(seed=st.integers(0, 2**32), actions=st.integers(1, 20))
def test_it_is_the_same_whichever_way_answers_are_gone_over(seed: int, actions: int) -> None:
    chance = np.random.default_rng(seed)
    owners, (left, missed) = chance.integers(actions, size=500), drawn(seed, 2, 500)
    weights = chance.random((2, 500), np.float32)
    once, each = np.zeros((2, actions, 5))
    neighbours._by_answer(owners, weights, left, missed, once)
    neighbours._by_action(owners, weights, left, missed, each)
    assert each == pytest.approx(once, rel=1e-4, abs=1e-4)


@given(seed=st.integers(0, 2**32), width=st.integers(0, 30))
def test_what_is_steep_counts_most(seed: int, width: int) -> None:
    slopes = drawn(seed, width) ** 2
    typical = slopes.mean() if width else 1.0
    assert metric_of(slopes) == pytest.approx((slopes / typical + 0.1) ** 0.75, rel=1e-4)
    assert metric_of(np.zeros_like(slopes)).tolist() == [1.0] * width


@given(seed=st.integers(0, 2**32), width=st.integers(0, 30), columns=st.integers(0, 60))
def test_slopes_are_averaged_over_the_columns_of_a_number(
    seed: int, width: int, columns: int
) -> None:
    slopes, parts = drawn(seed, width), drawn(seed + 1, width, columns)
    latest = drawn(seed + 2, columns)
    expected = 0.9 * slopes + 0.1 * parts.dot(latest)
    average(slopes, parts, latest, 0.1)
    assert slopes == pytest.approx(expected, rel=1e-4, abs=1e-4)
