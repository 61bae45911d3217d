"""Facts about the columns a learner looks at, and how they are measured."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ModelRefused
from engine.models.features import Category, Encoder, Feature, Number
from engine.models.online.expansion import (
    BROADEST,
    LARGEST_Z,
    SETTLED,
    Expansion,
    Scale,
    Waves,
    binary,
    breadth,
    waves,
)


def test_columns_are_measured_as_they_come_until_they_have_settled() -> None:
    expansion = Expansion(np.array([False, True]), waves(2, 2.0))
    rng = np.random.default_rng(1)
    rows = np.column_stack([rng.normal(50, 10, 200), rng.integers(2, size=200)])
    for row in rows:
        expansion.see(row)
    scale = expansion.scale
    assert scale.means == pytest.approx(rows.mean(axis=0))
    assert np.sqrt(np.array(scale.squares) / 200) == pytest.approx(rows.std(axis=0))
    settled = Expansion(
        np.array([False, True]), waves(2, 2.0), Scale(SETTLED, scale.means, scale.squares)
    )
    settled.see(np.array([1e6, 1.0]))
    assert settled.scale.means == scale.means


def test_an_outlier_is_no_further_than_five_deviations() -> None:
    expansion = Expansion(np.array([False]), waves(1, 1.0), Scale(100.0, (0.0,), (100.0,)))
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


def test_waves_of_an_impossible_breadth_are_refused() -> None:
    right = waves(1, 1.0)
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ModelRefused, match="breadth"):
            Expansion(np.array([False]), Waves(right.directions, right.phases, wrong))
