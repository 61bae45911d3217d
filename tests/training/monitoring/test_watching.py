"""What alarms, and what does not."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import Misconfigured
from tests.training.monitoring.builders import moved, traffic
from training.monitoring.findings import Findings
from training.monitoring.judging import Limits
from training.monitoring.report import text
from training.monitoring.watching import watch

STRICT = Limits(level=0.05, index=0.0, rate=0.0, auc=0.0)


def alarming(found: Findings) -> list[str]:
    return [name for name, _ in found.alarms]


def verdicts(found: Findings, name: str) -> list[str]:
    return [one.verdict for window in found.windows if (one := window.of(name))]


def test_a_world_that_stands_still_raises_no_alarm() -> None:
    assert not any(watch(traffic(seed=seed)).alarms for seed in range(10))


@pytest.mark.parametrize("customers", [None, 900])
def test_chance_alone_goes_beyond_chance_no_oftener_than_the_level(customers: int | None) -> None:
    times = 40
    alarmed = sum(
        bool(watch(traffic(2000, seed, customers), windows=4, limits=STRICT).alarms)
        for seed in range(times)
    )
    assert alarmed <= 0.05 * times + 4  # three deviations of a binomial above it


def test_an_input_that_moves_alarms_by_its_name() -> None:
    found = watch(moved(traffic(), spend=lambda values: values * 3.0), windows=4)
    assert alarming(found) == ["spend"]
    assert verdicts(found, "spend") == ["steady", "alarm", "alarm", "alarm"]


def test_a_word_nobody_used_before_alarms() -> None:
    found = watch(moved(traffic(), plan=lambda values: ["gold"] * len(values)))
    assert alarming(found) == ["plan"]


def test_a_move_that_is_real_and_too_small_to_matter_is_said_and_does_not_alarm() -> None:
    found = watch(moved(traffic(60_000), 0.7, spend=lambda values: values * 1.1), windows=2)
    assert not found.alarms
    assert verdicts(found, "spend") == ["moved"] * 2


def test_a_base_rate_that_doubles_alarms_and_so_does_calibration() -> None:
    one = traffic()
    rng = np.random.default_rng(0)
    more = np.where(np.arange(6000) >= 3000, rng.random(6000) < one.promised * 1.8, one.answered)
    assert set(alarming(watch(traffic(answered=more), windows=4))) >= {"base rate", "calibration"}


def test_a_model_that_ranks_no_more_alarms() -> None:
    rng = np.random.default_rng(0)
    tossed = np.where(
        np.arange(6000) >= 3000, rng.random(6000) < traffic().answered.mean(), traffic().answered
    )
    found = watch(traffic(answered=tossed.astype(float)), windows=4)
    assert "AUC" in alarming(found)
    assert "base rate" not in alarming(found)


def test_exploration_is_what_had_less_than_an_even_chance() -> None:
    found = watch(traffic())
    explored, fallback = found.reference.explored, found.reference.fallback
    assert explored
    assert fallback
    assert explored.value == pytest.approx(0.1, abs=0.02)
    assert fallback.value == pytest.approx(0.02, abs=0.01)


def test_a_field_that_is_asked_for_and_never_sent_is_named_first() -> None:
    one = moved(traffic(asked=("plan", "page")), plan=lambda values: [None] * len(values))
    found = {row.field: row.share for row in watch(one).missing}
    assert list(found) == ["page", "plan"]
    assert found["page"] == 1.0
    assert found["plan"] == pytest.approx(0.5 / 0.7, abs=0.01)


def test_every_action_is_held_against_what_it_was() -> None:
    one = traffic()
    late = (np.arange(6000) >= 3000) & (one.actions == "loan")
    found = watch(traffic(answered=np.where(late, 0.0, one.answered)))
    verdicts = {row.action: row.verdict for row in found.actions}
    assert verdicts == {"isa": "steady", "loan": "alarm"}


def test_an_action_promised_far_more_than_it_is_answered_says_so_however_steady() -> None:
    one = traffic()
    promised = np.where(one.actions == "loan", np.minimum(3 * one.promised, 1.0), one.promised)
    found = watch(traffic(promised=promised))
    verdicts = {row.action: (row.verdict, row.calibration) for row in found.actions}
    assert verdicts == {"isa": ("steady", "steady"), "loan": ("steady", "alarm")}
    assert [line[:20] for line in text(found).splitlines() if line.startswith("action ")] == [
        "action loan: answere"
    ]


def test_three_offers_nobody_took_are_no_alarm_against_a_fifth_that_were() -> None:
    one = traffic()
    few = np.where(np.arange(6000) < 1800, one.actions, "isa")
    few[-3:] = "loan"
    answered = np.where(np.arange(6000) < 5997, one.answered, 0.0)
    found = watch(traffic(actions=few, answered=answered))
    assert {row.action: row.verdict for row in found.actions} == {"isa": "steady", "loan": "steady"}


def rare(seed: int, late: float) -> Findings:
    """One in a hundred answers, and `late` of the last three tenths."""
    rng = np.random.default_rng(seed)
    promised = rng.uniform(0.008, 0.012, 4000)
    true = np.where(np.arange(4000) < 2800, promised, promised * late / 0.01)
    answered = (rng.random(4000) < true).astype(float)
    whole = traffic(4000, seed, promised=promised, answered=answered)
    return watch(whole, reference=0.7, windows=10)


def test_windows_without_any_of_the_rare_answers_raise_no_alarm() -> None:
    alarmed = {name for seed in range(40) for name in alarming(rare(seed, late=0.01))}
    assert not alarmed & {"base rate", "calibration", "AUC"}


def test_rare_answers_that_become_twenty_times_as_many_alarm() -> None:
    assert {"base rate", "calibration"} <= set(alarming(rare(0, late=0.2)))


def test_too_little_traffic_is_refused_with_what_to_do() -> None:
    with pytest.raises(Misconfigured, match="another reference or fewer windows"):
        watch(traffic(500), windows=10)


def test_a_reference_that_holds_nothing_is_not_taken_for_windows_that_do_not() -> None:
    with pytest.raises(Misconfigured, match=r"^0 of 400 rows .* 100 in the smallest"):
        watch(traffic(400), until=-1, windows=4)


def test_the_reference_may_end_at_a_date() -> None:
    found = watch(traffic(), until=1000 * 60_000, windows=2)
    assert found.reference.rows == 1000
