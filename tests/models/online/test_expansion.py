"""Facts about the columns a learner looks at, and how they are measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.errors import ModelRefused
from engine.models.encoder import Encoder
from engine.models.features import Category, Feature, Number
from engine.models.online.expansion import (
    BROADEST,
    LARGEST_Z,
    SETTLED,
    WAVES,
    Breadth,
    Expansion,
    Scale,
    Waves,
    binary,
    breadth,
    unpacked,
    waves,
)


def test_columns_are_measured_as_they_come_until_they_have_settled() -> None:
    expansion = Expansion(np.array([False, True]), waves(2, Breadth(2.0, 2.0)))
    rng = np.random.default_rng(1)
    rows = np.column_stack([rng.normal(50, 10, 200), rng.integers(2, size=200)])
    for row in rows:
        expansion.see(row)
    scale = expansion.scale
    assert scale.means == pytest.approx(rows.mean(axis=0))
    assert np.sqrt(np.array(scale.squares) / 200) == pytest.approx(rows.std(axis=0))
    settled = Expansion(
        np.array([False, True]),
        waves(2, Breadth(2.0, 2.0)),
        Scale(SETTLED, scale.means, scale.squares),
    )
    settled.see(np.array([1e6, 1.0]))
    assert settled.scale.means == scale.means


@pytest.mark.parametrize("columns", [1, 3, 10_000])
def test_a_row_of_other_columns_is_refused(columns: int) -> None:
    """Machine code would write beyond what there is."""
    expansion = Expansion(np.array([False, True]), waves(2, Breadth(2.0, 2.0)))
    for asked in (expansion, expansion.see):
        with pytest.raises(ValueError, match=f"{columns} columns, where 2 belong"):
            asked(np.zeros(columns))
    assert expansion.scale.rows == 0.0


@given(seed=st.integers(0, 2**32), columns=st.integers(0, 40), rows=st.integers(0, 5))
def test_it_is_what_the_formula_says_and_as_steep(seed: int, columns: int, rows: int) -> None:
    """Held to numpy at 64 bits: φ itself, and its slopes to differences along each column."""
    chance = np.random.default_rng(seed)
    marks = chance.random(columns) < 0.5
    turning = waves(columns, Breadth(float(max(columns, 1)), columns / 2.0))
    expansion, seen = Expansion(marks, turning), chance.normal(3.0, 2.0, (rows, columns))
    for row in seen:
        expansion.see(row)
    means, deviations = (seen.mean(0), seen.std(0)) if rows else np.zeros((2, columns))
    deviations = np.where(marks | (deviations == 0.0), 1.0, deviations)
    x, weights = chance.normal(3.0, 2.0, columns), chance.normal(size=expansion.size)
    slope = 3.0 / np.sqrt(turning.breadth)
    linear = slope * ((x - means) / deviations).clip(-LARGEST_Z, LARGEST_Z)
    directions = unpacked(turning.directions, WAVES, columns).astype(float) / slope
    phases = unpacked(turning.phases, WAVES).astype(float)

    def formula(linear: NDArray[np.float64]) -> NDArray[np.float64]:
        bends = 3.0 * np.sqrt(2.0 * turning.share / WAVES) * np.cos(directions.dot(linear) + phases)
        return np.concatenate([[1.0], linear, bends])

    phi = expansion(x)
    assert phi == pytest.approx(formula(linear), abs=1e-4)
    steps = 1e-4 * np.eye(columns)
    steep = [weights.dot(formula(linear + step) - formula(linear - step)) / 2e-4 for step in steps]
    found = expansion.slopes(phi, weights.astype(np.float32))
    assert found == pytest.approx(np.square(steep), rel=1e-3, abs=1e-3)


def test_an_outlier_is_no_further_than_five_deviations() -> None:
    expansion = Expansion(
        np.array([False]), waves(1, Breadth(1.0, 1.0)), Scale(100.0, (0.0,), (100.0,))
    )
    assert expansion(np.array([1e9]))[1] == expansion(np.array([LARGEST_Z]))[1]


def test_a_category_of_hundreds_of_words_makes_the_other_columns_no_fainter() -> None:
    def linear(words: int) -> float:
        values = tuple(f"word {number}" for number in range(words))
        features = [
            Feature("age", "customer.age", Number()),
            Feature("city", "customer.city", Category(values)),
        ]
        encoder = Encoder(features)
        expansion = Expansion(binary(encoder), waves(len(encoder.columns), breadth(encoder)))
        return float(expansion(np.eye(len(encoder.columns))[0])[1])

    assert linear(400) == linear(BROADEST) < linear(1)


def test_waves_count_as_far_as_columns_are_numbers_and_no_more_than_they_can_tell_apart() -> None:
    def share(numbers: int, words: int) -> float:
        features = [Feature(f"{n}", f"customer.n{n}", Number()) for n in range(numbers)]
        features += [
            Feature(f"w{n}", f"customer.w{n}", Category(("yes", "no"))) for n in range(words)
        ]
        return waves(numbers + 2 * words, breadth(Encoder(features))).share

    assert share(0, 0) == share(0, 5) == 0.0
    assert share(6, 3) == 0.5
    assert share(1, 0) == share(WAVES // 2, 0) == 1.0
    assert share(2 * WAVES, 0) == 0.25


def test_where_all_is_0_or_1_nothing_bends() -> None:
    expansion = Expansion(np.array([True, True]), waves(2, Breadth(2.0, 0.0)))
    assert not expansion(np.array([1.0, 0.0]))[1 + 2 :].any()


def test_waves_of_an_impossible_breadth_or_share_are_refused() -> None:
    right = waves(1, Breadth(1.0, 1.0))
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ModelRefused, match="breadth"):
            Expansion(np.array([False]), Waves(right.directions, right.phases, wrong, 1.0))
    for wrong in (-0.1, 1.1, float("nan"), float("inf")):
        with pytest.raises(ModelRefused, match="count"):
            Expansion(np.array([False]), Waves(right.directions, right.phases, 1.0, wrong))
