"""Facts about reward models: no row is promised by what learnt from its customer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.errors import Misconfigured
from tests.training.offpolicy.worlds import RATES, a_world
from training.offpolicy.rewards import Kind, promises, split


def test_a_customer_s_own_rewards_have_no_part_in_what_is_promised() -> None:
    log = a_world(300, 1).log
    log = replace(log, subjects=np.arange(300) // 3)
    before = promises(log, "linear")
    rewards = log.rewards.copy()
    rewards[:3] = 1 - rewards[:3]
    after = promises(replace(log, rewards=rewards), "linear")
    assert np.array_equal(before[:3], after[:3])
    assert not np.array_equal(before, after)


def test_every_row_is_in_one_fold_and_a_customer_s_rows_in_the_same() -> None:
    subjects = np.repeat(np.arange(20), 4)
    folds = np.stack(split(subjects, 5, 0))
    assert (folds.sum(axis=0) == 1).all()
    number = folds.argmax(axis=0).reshape(20, 4)
    assert (number == number[:, :1]).all()


@pytest.mark.parametrize("kind", ["linear", "boosting"])
def test_a_fact_too_large_to_square_is_taken_for_missing(kind: Kind) -> None:
    log = a_world(600, 3).log
    facts = np.where(np.arange(600) % 2, 40.0, 1e308), np.full(600, np.inf)
    odd, missing = (
        promises(replace(log, contexts=log.contexts.assign(age=age, sum=sum_)), kind)
        for age, sum_ in (facts, (np.where(facts[0] > 1e300, np.nan, 40.0), np.full(600, np.nan)))
    )
    assert np.array_equal(odd, missing)


def test_one_customer_alone_teaches_nothing_about_anyone() -> None:
    log = a_world(50, 1).log
    with pytest.raises(Misconfigured, match="nobody else to learn from"):
        promises(replace(log, subjects=np.zeros(50, np.int64)), "linear")


@pytest.mark.parametrize(("kind", "error"), [("linear", 0.15), ("boosting", 0.06)])
def test_promises_come_near_the_true_rates(kind: Kind, error: float) -> None:
    log = a_world(6000, 2).log
    truth = RATES[log.contexts["kind"].str[1:].astype(int)]
    assert float(np.abs(promises(log, kind) - truth).mean()) < error


@pytest.mark.parametrize("kind", ["linear", "boosting"])
def test_amounts_and_missing_facts_are_taken_as_they_are(kind: Kind) -> None:
    log = a_world(600, 3).log
    contexts = pd.DataFrame({"kind": log.contexts["kind"], "age": np.arange(600.0)})
    contexts.loc[::7, ["kind", "age"]] = None
    spent = replace(log, contexts=contexts, rewards=log.rewards * 40 + np.arange(600) % 5)
    promised = promises(spent, kind)
    assert np.isfinite(promised).all()
    assert abs(promised.mean() - spent.rewards.mean()) < 4
