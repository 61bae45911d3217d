"""Facts about the columns a learner looks at, and how they are measured."""

from __future__ import annotations

import numpy as np
import pytest

from engine.models.online.expansion import LARGEST_Z, SETTLED, Expansion, Scale, waves


def test_columns_are_measured_as_they_come_until_they_have_settled() -> None:
    expansion = Expansion(np.array([False, True]), waves(2))
    rng = np.random.default_rng(1)
    rows = np.column_stack([rng.normal(50, 10, 200), rng.integers(2, size=200)])
    for row in rows:
        expansion.see(row)
    scale = expansion.scale
    assert scale.means == pytest.approx(rows.mean(axis=0))
    assert np.sqrt(np.array(scale.squares) / 200) == pytest.approx(rows.std(axis=0))
    settled = Expansion(
        np.array([False, True]), waves(2), Scale(SETTLED, scale.means, scale.squares)
    )
    settled.see(np.array([1e6, 1.0]))
    assert settled.scale.means == scale.means


def test_an_outlier_is_no_further_than_five_deviations() -> None:
    expansion = Expansion(np.array([False]), waves(1), Scale(100.0, (0.0,), (100.0,)))
    assert expansion(np.array([1e9]))[1] == expansion(np.array([LARGEST_Z]))[1]
