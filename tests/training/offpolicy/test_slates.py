"""Facts about slates: the weights are the published ones, and they find a slate's true value."""

from __future__ import annotations

import itertools
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from engine.errors import Misconfigured
from tests.training.offpolicy.published import needs_obp, theirs
from training.offpolicy.assess import Choices, assess_slates
from training.offpolicy.logged import Logged, logged
from training.offpolicy.slates import (
    Assumption,
    Slates,
    self_normalised,
    slates,
    value,
    weights,
)
from training.offpolicy.targets import constant, given

ACTIONS = np.array(["fruit", "news", "wine"])
LOGGING = np.array([0.5, 0.3, 0.2])
AIM = np.array([0.2, 0.3, 0.5])
SLOTS = 2


@pytest.mark.parametrize(
    ("decisions", "slots"), [(["a", None], [1, 1]), (["a", "b"], [1, 1.5]), (["a", "a"], [1, None])]
)
def test_a_slot_without_its_decision_or_a_whole_number_is_refused_with_its_row(
    decisions: list[str | None], slots: list[float | None]
) -> None:
    with pytest.raises(Misconfigured, match=r"^row 2: .*\(1 such rows\)"):
        slates(pd.Series(decisions), pd.Series(slots, dtype=float))


def chance(policy: NDArray[np.float64], slate: tuple[int, ...], slot: int) -> float:
    """Of the slot's action given those before, drawn without replacement."""
    return float(policy[slate[slot]] / (1 - policy[list(slate[:slot])].sum()))


def rate(slate: tuple[int, ...], slot: int) -> float:
    """A slot's true reward depends on what stood before it."""
    return 0.1 + 0.2 * slate[slot] - 0.15 * (slot > 0) * (slate[0] == 1)


def worth(policy: NDArray[np.float64]) -> float:
    """The true value of a slate, by adding up all there are."""
    return sum(
        np.prod([chance(policy, slate, slot) for slot in range(SLOTS)])
        * sum(rate(slate, slot) for slot in range(SLOTS))
        for slate in itertools.permutations(range(3), SLOTS)
    )


def a_log(count: int, seed: int) -> tuple[Logged, Slates, pd.Series]:
    """Slates drawn under LOGGING, a row a slot, shuffled; with AIM's chances of the rows."""
    rng = np.random.default_rng(seed)
    rows = []
    for decision in range(count):
        slate = tuple(rng.choice(3, SLOTS, replace=False, p=LOGGING).tolist())
        rows += [
            (
                f"d{decision}",
                slot + 1,
                ACTIONS[slate[slot]],
                float(rng.random() < rate(slate, slot)),
                chance(LOGGING, slate, slot),
                chance(AIM, slate, slot),
            )
            for slot in range(SLOTS)
        ]
    names = ["decision", "slot", "action", "reward", "logged", "aim"]
    frame = pd.DataFrame(rows, columns=names).sample(frac=1, random_state=seed)
    frame = frame.reset_index(drop=True)
    log = logged(
        actions=frame["action"],
        rewards=frame["reward"],
        probabilities=frame["logged"],
        subjects=frame["decision"],
    )
    return log, slates(frame["decision"], frame["slot"].astype(float)), frame["aim"]


def test_the_value_of_another_slate_policy_is_found() -> None:
    log, table, aim = a_log(6000, 1)
    found = assess_slates(log, table, [given("aim", aim)], Choices(resamples=200))
    (policy,) = found.policies
    truth = worth(AIM)
    assert not found.logged.low < truth < found.logged.high
    for name in ("cascade", "standard", "self-normalised"):
        estimate = policy.estimates[name]
        assert estimate.low <= truth <= estimate.high, name
    assert policy.by == "cascade"
    widths = {name: each.high - each.low for name, each in policy.estimates.items()}
    assert widths["cascade"] < widths["standard"]


def test_weights_multiply_up_to_the_slot_or_over_the_slate_or_not_at_all() -> None:
    table = slates(pd.Series(list("bbaab")), pd.Series([2.0, 1.0, 1.0, 2.0, 3.0]))
    ratios = np.array([2.0, 3.0, 5.0, 7.0, 0.5])  # b1 b2 b3 a1 a2
    assert table.order.tolist() == [1, 0, 4, 2, 3]
    assert weights(table, ratios, "independent").tolist() == [2, 3, 5, 7, 0.5]
    assert weights(table, ratios, "cascade").tolist() == [2, 6, 30, 7, 3.5]
    assert weights(table, ratios, "standard").tolist() == [30, 30, 30, 3.5, 3.5]
    assert self_normalised(table, ratios, np.ones(5)).value == (90 + 7) / 33.5


@pytest.mark.parametrize("slots", [[1.0, 3.0], [1.0, 1.0], [2.0, 3.0]])
def test_a_slot_that_is_missing_or_there_twice_is_refused(slots: list[float]) -> None:
    with pytest.raises(Misconfigured, match="without gaps"):
        slates(pd.Series(["a", "a"]), pd.Series(slots))


def test_one_action_for_every_slot_is_no_policy() -> None:
    log, table, _ = a_log(50, 2)
    with pytest.raises(Misconfigured, match="a column of its probabilities"):
        assess_slates(log, table, [constant(log, "wine")], Choices())


@needs_obp
@pytest.mark.parametrize("assumption", get_args(Assumption))
def test_open_bandit_s_own_slate_estimators_agree(
    assumption: Assumption, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, table, aim = a_log(500, 3)
    rewards, behaviour = log.rewards[table.order], log.probabilities[table.order]
    target = aim.to_numpy()[table.order]
    name, argument = {
        "standard": ("SlateStandardIPS", "pscore"),
        "independent": ("SlateIndependentIPS", "pscore_item_position"),
        "cascade": ("SlateRewardInteractionIPS", "pscore_cascade"),
    }[assumption]
    estimator = getattr(theirs("estimators_slate", monkeypatch), name)(len_list=SLOTS)
    published = estimator.estimate_policy_value(
        slate_id=table.slates,
        reward=rewards,
        position=table.slots - 1,
        **{argument: weights(table, behaviour, assumption)},
        **{f"evaluation_policy_{argument}": weights(table, target, assumption)},
    )
    ours = value(table, target / behaviour, rewards, assumption)
    assert abs(ours.value - published) < 1e-6
