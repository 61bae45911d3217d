"""Facts about the intervals: they hold the truth as often as they say.

`make coverage` repeats the first one 1,000 times; the figures are in docs/evaluation.md.
"""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from tests.training.offpolicy.worlds import a_world
from training.offpolicy.assess import Choices, assess
from training.offpolicy.estimators import Terms, mean
from training.offpolicy.intervals import betting, bootstrap

REPETITIONS = int(os.environ.get("TELLER_COVERAGE", "15"))
ROWS = 1000


@pytest.mark.parametrize("modelled", [False, True])
def test_95_percent_intervals_hold_the_truth_95_percent_of_the_time(modelled: bool) -> None:
    """Reward models are fitted anew each time, which is slow: fewer repetitions by default."""
    repetitions = REPETITIONS if modelled else max(REPETITIONS, 200)
    held: Counter[str] = Counter()
    for seed in range(repetitions):
        log, target, truth = a_world(ROWS, 1000 + seed)
        known = target if modelled else target._replace(matrix=None)
        choices = Choices(resamples=400, seed=seed, reward_range=(0.0, 1.0))
        (found,) = assess(log, [known], [], choices).policies
        assert found.betting is not None
        every = {**found.estimates, "betting": found.betting}
        held.update(name for name, each in every.items() if each.low <= truth <= each.high)
    shares = {name: times / repetitions for name, times in held.items()}
    print(repetitions, shares)  # noqa: T201 - for whoever runs `make coverage`
    least, most = _likely(repetitions)
    assert shares.pop("betting") >= least
    for name, share in shares.items():
        assert least <= share <= most, (name, share)


def _likely(repetitions: int) -> tuple[float, float]:
    """93% to 97% of many repetitions; of fewer, what chance allows 95% to come to."""
    low, high = binom.ppf([0.001, 0.999], repetitions, 0.95) / repetitions
    return min(0.93, float(low)), max(0.97, float(high))


def test_a_bootstrap_that_ignored_customers_would_be_too_sure() -> None:
    rng = np.random.default_rng(1)
    whose = np.repeat(np.arange(100), 20)
    rewards = np.repeat(rng.normal(size=100), 20)
    honest = bootstrap([mean(rewards)], whose, 400, 0).std()
    blind = bootstrap([mean(rewards)], np.arange(2000), 400, 0).std()
    assert honest == pytest.approx(rewards.std() / 10, rel=0.15)
    assert blind < honest / 3


def test_two_estimates_are_resampled_together() -> None:
    rewards = np.random.default_rng(2).random(300)
    drawn = bootstrap([mean(rewards), mean(rewards + 1)], np.arange(300), 50, 0)
    assert np.allclose(drawn[:, 1] - drawn[:, 0], 1.0)


def test_a_large_log_is_resampled_in_parts_to_the_same_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terms = [Terms(np.random.default_rng(3).random(50), np.ones(50))]
    whole = bootstrap(terms, np.arange(50), 30, 7)
    monkeypatch.setattr("training.offpolicy.intervals.CELLS", 200)
    assert np.array_equal(bootstrap(terms, np.arange(50), 30, 7), whole)


def test_rare_rewards_are_held_by_betting_where_a_bootstrap_of_few_rows_misses_them() -> None:
    rng = np.random.default_rng(4)
    held: Counter[str] = Counter()
    for seed in range(200):
        rewards = (rng.random(120) < 0.01).astype(float)
        low, high = betting(rewards, 1.0)
        held["betting"] += low <= 0.01 <= high
        spread = bootstrap([mean(rewards)], np.arange(120), 200, seed)[:, 0]
        held["bootstrap"] += np.quantile(spread, 0.025) <= 0.01 <= np.quantile(spread, 0.975)
    assert held["betting"] >= 190
    assert held["bootstrap"] < 180


@settings(max_examples=60)
@given(st.lists(st.floats(0, 3), min_size=2, max_size=60))
def test_a_betting_interval_stays_in_range_and_mirrors(values: list[float]) -> None:
    low, high = betting(np.array(values), 3.0)
    assert 0 <= low <= high <= 3
    mirrored = betting(3.0 - np.array(values), 3.0)
    assert np.allclose(mirrored, (3 - high, 3 - low), atol=1e-6)


def test_no_gambler_grows_rich_on_a_mean_within_the_interval() -> None:
    values = np.random.default_rng(5).beta(2, 5, 300)
    low, high = betting(values, 1.0)
    for m in (low + 1e-6, values.mean(), high - 1e-6):
        assert _richest(values, m) < 2 / 0.05
    for m in (low - 1e-4, high + 1e-4):
        assert _richest(values, m) >= 2 / 0.05


def _richest(values: np.ndarray[tuple[int], np.dtype[np.float64]], m: float) -> float:
    """Both gamblers, bet by bet, as in the paper's (24) and (26)."""
    above = below = richest = 1.0
    total, squares = 0.5, 0.25
    for t, x in enumerate(values, start=1):
        stake = np.sqrt(2 * np.log(2 / 0.05) / (len(values) * squares / t))
        above *= 1 + min(stake, 0.75 / m) * (x - m)
        below *= 1 - min(stake, 0.75 / (1 - m)) * (x - m)
        richest = max(richest, above, below)
        total += x
        squares += (x - total / (t + 1)) ** 2
    return richest


def test_a_value_beyond_the_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="within 0 and the bound"):
        betting(np.array([0.5, 2.0]), 1.0)
