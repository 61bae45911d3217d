"""Facts about refusals: too little overlap gives no number, and the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.training.offpolicy.worlds import NAMES, a_world
from training.offpolicy.assess import Choices, assess, assess_slates
from training.offpolicy.logged import logged
from training.offpolicy.overlap import overlap
from training.offpolicy.slates import slates
from training.offpolicy.targets import constant, given


def test_the_log_s_own_policy_overlaps_wholly() -> None:
    found = overlap(np.ones(1000), np.arange(1000))
    assert not found.refused
    assert found.effective_rows == 1000
    assert found.tail_share == 0.01


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        (np.ones(99), "worth only 99.0"),
        (np.repeat([1.0, 999.0], [999, 1]), "one row carries 50%"),
        (np.repeat([0.0, 20_000 / 150], [19_850, 150]), "at least 200"),
        (np.full(1000, 0.5), "the mean weight is 0.500"),
        (np.zeros(1000), "never did anything"),
        (np.append(np.ones(1000), 1e200), r"one row carries 100% of the answer (weight 1.0e+200)"),
        (np.append(np.ones(1000), np.inf), "one row carries 100%"),
        (np.full(1000, 1e307), "the mean weight is 1.0e+307 and not 1"),
        (np.append(np.full(99_000, 0.1), np.full(1000, 91.0)), "heaviest hundredth"),
    ],
)
def test_each_of_the_rule_s_parts_refuses_by_itself(
    weights: np.ndarray[tuple[int], np.dtype[np.float64]], reason: str
) -> None:
    assert reason in "; ".join(overlap(weights, np.arange(len(weights))).reasons)


def test_rows_of_a_handful_of_customers_are_refused_and_of_thirty_answered() -> None:
    (few,) = overlap(np.ones(2900), np.arange(2900) % 29).reasons
    assert "only 29.0 customers" in few
    assert not overlap(np.ones(3000), np.arange(3000) % 30).refused


def test_of_one_customer_alone_no_slate_is_valued_as_if_that_were_certain() -> None:
    rows = pd.Series(range(400))
    log = logged(
        actions=(rows % 2).astype(str),
        rewards=rows % 3 / 2,
        probabilities=rows * 0 + 0.5,
        subjects=(rows * 0).astype(str),
    )
    table, target = slates((rows // 2).astype(str), rows % 2 + 1.0), given("same", rows * 0 + 0.5)
    (found,) = assess_slates(log, table, [target], Choices(resamples=100)).policies
    assert found.refused


def test_an_action_never_shown_is_refused_and_the_others_answered() -> None:
    log = replace(a_world(2000, 3).log, names=(*NAMES, "yarn"))
    wanted = [constant(log, "yarn"), constant(log, NAMES[1])]
    never, other = assess(log, wanted, [], Choices(resamples=100)).policies
    assert never.refused
    assert "never did anything" in never.overlap.reasons[0]
    assert other.value.low < other.value.value < other.value.high


def test_wrong_selection_probabilities_are_found_out() -> None:
    log = a_world(2000, 3).log
    halved = replace(log, probabilities=log.probabilities / 2)
    (found,) = assess(halved, [constant(log, NAMES[1])], [], Choices(resamples=100)).policies
    assert "not those it was logged with" in found.overlap.reasons[0]
