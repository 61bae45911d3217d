"""Base rate, calibration and AUC, with intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.training.monitoring.builders import traffic
from training.monitoring.performance import auc, mean, measure, wilson
from training.monitoring.traffic import Traffic


def test_the_auc_is_scikit_learns_ties_and_all() -> None:
    rng = np.random.default_rng(0)
    promised = rng.integers(20, size=500) / 20.0
    answered = (rng.random(500) < promised).astype(float)
    found = auc(answered, promised, np.arange(500))
    assert found is not None
    assert found.value == pytest.approx(roc_auc_score(answered, promised))


def test_intervals_hold_the_truth_though_customers_repeat_themselves() -> None:
    held = {"auc": 0, "rate": 0}
    truth = measure(traffic(200_000, seed=999))
    assert truth
    assert truth.auc
    for seed in range(120):
        found = measure(repeated(seed))
        assert found
        assert found.auc
        inside = found.auc.interval()
        held["auc"] += inside.low <= truth.auc.value <= inside.high
        rate = wilson(found.rate, found.rows)
        held["rate"] += rate.low <= truth.rate.value <= rate.high
    assert all(106 <= times <= 120 for times in held.values()), held


def repeated(seed: int) -> Traffic:
    """Every customer's row three times over, answered alike."""
    once = traffic(400, seed=seed)
    rows = np.repeat(np.arange(len(once)), 3)
    return once.where(rows)


def test_an_answer_not_known_yet_counts_for_nothing() -> None:
    one = traffic(1000)
    late = np.where(np.arange(1000) < 600, one.answered, np.nan)
    found = measure(traffic(1000, answered=late))
    assert found
    assert found.rows == 600
    assert measure(traffic(1000, answered=np.full(1000, np.nan))) is None


def test_a_rate_of_nothing_still_has_an_interval() -> None:
    found = wilson(mean(np.zeros(100), np.arange(100)), 100)
    assert found.value == 0.0
    assert found.low == pytest.approx(0.0, abs=1e-12)
    assert found.high == pytest.approx(0.037, abs=0.001)
