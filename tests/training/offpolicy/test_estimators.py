"""Facts about the estimators: they are the published formulas, and they find the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.training.offpolicy.published import needs_obp, open_bandit, theirs, thompson
from tests.training.offpolicy.worlds import a_world
from training.offpolicy.estimators import (
    Evidence,
    choose,
    direct,
    doubly_robust,
    ips,
    mean,
    shrunk,
    snips,
    switch,
    switched,
)
from training.offpolicy.rewards import promises

WEIGHTS = np.array([0.0, 0.5, 2.0, 8.0])
REWARDS = np.array([1.0, 0.0, 1.0, 1.0])
EVIDENCE = Evidence(
    WEIGHTS, REWARDS, np.array([0.2, 0.4, 0.6, 0.8]), np.array([0.5, 0.5, 0.5, 0.25])
)


def test_each_estimator_is_its_formula_by_hand() -> None:
    assert ips(WEIGHTS, REWARDS).value == 10 / 4
    assert snips(WEIGHTS, REWARDS).value == 10 / 10.5
    assert direct(EVIDENCE).value == pytest.approx(0.5)
    corrections = 0.5 * -0.5 + 2 * 0.5 + 8 * 0.75
    assert doubly_robust(EVIDENCE).value == pytest.approx(0.5 + corrections / 4)
    assert switch(EVIDENCE, 2.0).value == pytest.approx(0.5 + (corrections - 6) / 4)
    shrinking = 0.5 * 4 / 4.25 * -0.5 + 2 * 4 / 8 * 0.5 + 8 * 4 / 68 * 0.75
    assert shrunk(EVIDENCE, 4.0).value == pytest.approx(0.5 + shrinking / 4)


def test_shrinkage_goes_from_the_direct_method_to_doubly_robust() -> None:
    assert shrunk(EVIDENCE, 0.0).value == direct(EVIDENCE).value
    assert shrunk(EVIDENCE, 1e12).value == pytest.approx(doubly_robust(EVIDENCE).value)
    assert switch(EVIDENCE, np.inf).value == doubly_robust(EVIDENCE).value


def test_a_policy_that_is_the_log_s_own_is_worth_the_mean_reward() -> None:
    ones = np.ones(4)
    for terms in (ips(ones, REWARDS), snips(ones, REWARDS)):
        assert terms.value == mean(REWARDS).value


def test_nothing_in_common_has_no_self_normalised_value() -> None:
    assert math.isnan(snips(np.zeros(4), REWARDS).value)


def test_the_weights_are_lessened_only_where_that_pays() -> None:
    side = np.where(np.arange(1000) % 2, 1.0, -1.0)
    heavy = np.arange(1000) < 20
    weights = np.where(heavy, 3.0, 1.0)
    zero = np.zeros(1000)
    spread = Evidence(weights, 0.5 * side * heavy, 5 * side * heavy, zero)
    assert choose(spread, switched, [1.0, 3.0]) == 1.0
    wrong = Evidence(weights, 0.5 * heavy, zero, zero)
    assert choose(wrong, switched, [1.0, 3.0]) == 3.0


def test_the_truth_of_a_simulation_is_found() -> None:
    world = a_world(40_000, 5)
    weights = world.target.taken / world.log.probabilities
    q = promises(world.log, "linear")
    assert world.target.matrix is not None
    taken = q[np.arange(len(world.log)), world.log.actions]
    evidence = Evidence(weights, world.log.rewards, (world.target.matrix * q).sum(axis=1), taken)
    for terms in (ips(weights, world.log.rewards), doubly_robust(evidence)):
        assert abs(terms.value - world.truth) < 0.01
    assert doubly_robust(evidence).over.var() < ips(weights, world.log.rewards).over.var()
    assert abs(mean(world.log.rewards).value - world.truth) > 0.01


@needs_obp
@pytest.mark.parametrize("campaign", ["men", "all"])
def test_open_bandit_s_own_estimators_agree(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, chances = open_bandit("random", campaign), thompson(campaign, 2_000)
    items, place = rows["item_id"].to_numpy(), rows["position"].to_numpy() - 1
    reward, logged = rows["click"].to_numpy(float), rows["propensity_score"].to_numpy()
    policy = np.tile(chances.T, (len(rows), 1, 1))
    q = np.random.default_rng(1).uniform(0, 0.02, policy.shape)
    weights = chances[place, items] / logged
    at = np.arange(len(rows))
    evidence = Evidence(
        weights,
        reward,
        (policy[at, :, place] * q[at, :, place]).sum(axis=1),
        q[at, items, place],
    )
    limit = float(np.quantile(weights[weights > 0], 0.9))
    ours = {
        "InverseProbabilityWeighting": ips(weights, reward),
        "SelfNormalizedInverseProbabilityWeighting": snips(weights, reward),
        "DirectMethod": direct(evidence),
        "DoublyRobust": doubly_robust(evidence),
        "SwitchDoublyRobust": switch(evidence, limit),
        "DoublyRobustWithShrinkage": shrunk(evidence, 25.0),
    }
    published = theirs("estimators", monkeypatch)
    options = {
        "SwitchDoublyRobust": {"tau": limit},
        "DoublyRobustWithShrinkage": {"lambda_": 25.0},
    }
    for name, terms in ours.items():
        estimator = getattr(published, name)(**options.get(name, {}))
        value = estimator.estimate_policy_value(
            reward=reward,
            action=items,
            position=place,
            pscore=logged,
            action_dist=policy,
            estimated_rewards_by_reg_model=q,
        )
        assert abs(terms.value - value) < 1e-6, name
