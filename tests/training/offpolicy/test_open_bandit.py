"""Facts about real logs: ZOZOTOWN's, where each policy's true value is in the other's log."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.training.offpolicy.published import needs_obp, open_bandit, thompson
from training.offpolicy.assess import Choices, assess
from training.offpolicy.logged import Logged, logged
from training.offpolicy.report import Policy
from training.offpolicy.targets import Target, given, uniform, whole

pytestmark = needs_obp
CHOICES = Choices(resamples=300, reward_range=(0.0, 1.0))
USER = [f"user_feature_{n}" for n in range(4)]


def a_log(rows: pd.DataFrame) -> Logged:
    """Item names sort as their numbers do."""
    return logged(
        actions=rows["item_id"].map("{:02d}".format),
        rewards=rows["click"].astype(float),
        probabilities=rows["propensity_score"],
        contexts=rows[["position", *USER]],
    )


def assessed(policy: str, campaign: str) -> tuple[Policy, float]:
    """What the log of the other policy says of `policy`, and what it really earned."""
    other = "random" if policy == "bts" else "bts"
    rows = open_bandit(other, campaign)
    log = a_log(rows)
    chances = thompson(campaign)[rows["position"] - 1]
    target: Target = uniform(log) if policy == "random" else whole("bts", log, chances)
    truth = float(open_bandit(policy, campaign)["click"].mean())
    return assess(log, [target], [], CHOICES).policies[0], truth


@pytest.mark.parametrize("campaign", ["men", "all"])
@pytest.mark.parametrize("policy", ["random", "bts"])
def test_what_a_policy_earned_is_within_what_the_other_s_log_says_of_it(
    policy: str, campaign: str
) -> None:
    found, truth = assessed(policy, campaign)
    assert not found.refused
    noise = 1.96 * np.sqrt(truth / 10_000)
    for name, estimate in found.estimates.items():
        assert estimate.low - noise <= truth <= estimate.high + noise, name
    assert found.betting is not None
    assert found.betting.low <= truth <= found.betting.high


def test_the_women_s_campaign_with_chances_down_to_a_millionth_is_refused() -> None:
    rows = open_bandit("bts", "women")
    assert rows["propensity_score"].min() == 1e-6
    found, _ = assessed("random", "women")
    assert found.refused
    assert not found.estimates
    assert found.gains == {}
    assert "one row carries 69% of the answer" in "; ".join(found.overlap.reasons)
    assert found.overlap.effective_rows < 3


def test_a_policy_valued_by_its_own_log_is_worth_what_it_earned() -> None:
    rows = open_bandit("bts", "men")
    log = a_log(rows)
    found = assess(log, [given("itself", rows["propensity_score"])], [], CHOICES)
    assert found.policies[0].value.value == pytest.approx(rows["click"].mean())
