"""Facts about evaluating another catalogue on recorded decisions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.codec import pack_attributes, pack_consent
from engine.domain import CustomerState
from engine.plan import DecisionRequest
from engine.record import DecisionRecord
from engine.situation import Live
from tests.builders import NOW, action, catalogue, customer
from tests.decide.deciding import ask, decided, live, shown
from training.offpolicy.assess import Choices, assess_slates
from training.offpolicy.logged import logged
from training.offpolicy.recorded import NOTHING, SlotChance, target_probabilities
from training.offpolicy.slates import slates
from training.offpolicy.targets import given

DECISIONS = 400
HERO = [{"id": "home.hero", "channel": "web", "slots": 2}]


def a_house(floor: float = 0.6, **values: float) -> Live:
    """Three offers of these values (3, 2 and 1 unless told), epsilon exploration, two slots."""
    explored = {"method": "epsilon", "floor": floor} if floor else {"method": "none"}
    worth = {"a": 3.0, "b": 2.0, "c": 1.0, **values}
    return live(
        catalogue(
            actions=[action(name, value=value) for name, value in worth.items() if value],
            placements=HERO,
            strategy={"exploration": explored},
        )
    )


def record(
    engine: Live, number: int, state: CustomerState, request: DecisionRequest | None = None
) -> DecisionRecord:
    """What the log keeps of a decision."""
    sections = {
        "attributes": pack_attributes(state.attributes),
        "consent": pack_consent(state.consent),
    }
    plan = decided(state, engine, request, f"{number:032x}")
    request = request or ask()
    return DecisionRecord(plan.decision_id, request, sections, 1, NOW, "sha256:0", {}, plan)


def rows(recording: Live, candidate: Live, number: int = 0) -> tuple[SlotChance, ...]:
    return target_probabilities(record(recording, number, customer()), candidate)


def test_what_recorded_gives_its_own_chances_back_exactly() -> None:
    for number in range(DECISIONS):
        for slot in rows(a_house(), a_house(), number):
            assert slot.target == slot.logged > 0
            assert slot.action != NOTHING


def test_an_action_the_candidate_has_not_has_no_chance_and_ends_the_slate() -> None:
    (first, second) = rows(a_house(0.0), a_house(0.0, a=0.0))
    assert (first.action, first.target) == ("a", 0.0)
    assert (second.action, second.target) == ("b", 0.0)


def test_other_levers_and_caps_change_the_chances() -> None:
    (first, second) = rows(a_house(0.0), a_house(0.3, c=9.0))
    assert (first.action, first.target) == ("a", pytest.approx(0.1))
    assert (second.action, second.target) == ("b", pytest.approx(0.15))


def test_a_fallback_is_certain_where_the_candidate_has_nothing_either() -> None:
    nobody = customer(granted=())
    silent = record(a_house(), 0, nobody)
    (slot,) = target_probabilities(silent, a_house())
    assert (slot.action, slot.logged, slot.target) == (NOTHING, 1.0, 1.0)


def test_a_fallback_has_no_chance_where_the_candidate_has_something_to_say() -> None:
    strict = live(
        catalogue(actions=[action("a", eligibility=["customer.plan == 'fibre'"])], placements=HERO)
    )
    (slot,) = rows(strict, a_house())
    assert (slot.action, slot.target) == (NOTHING, 0.0)


def test_more_slots_than_were_filled_have_no_chance_to_stay_empty() -> None:
    alone = a_house(0.0, b=0.0, c=0.0)
    (first, stop) = rows(alone, a_house(0.0))
    assert (first.action, first.target) == ("a", 1.0)
    assert (stop.action, stop.slot, stop.target) == (NOTHING, 2, 0.0)
    assert len(rows(alone, alone)) == 1


def test_a_placement_the_candidate_has_not_has_no_chance() -> None:
    elsewhere = live(catalogue(actions=[action("a", "email.main")]))
    assert {slot.target for slot in rows(a_house(), elsewhere)} == {0.0}


def test_the_candidate_s_own_frequencies_are_found_from_another_s_records() -> None:
    """How often `c` is among the two shown: weighted from the log, and by letting it decide."""
    logging, candidate = a_house(0.9), a_house(0.5, c=9.0)
    log = pd.DataFrame(
        [slot for number in range(DECISIONS * 4) for slot in rows(logging, candidate, number)]
    )
    table = logged(
        actions=log["action"],
        rewards=(log["action"] == "c").astype(float),
        probabilities=log["logged"],
        subjects=log["decision"],
    )
    found = assess_slates(
        table,
        slates(log["decision"], log["slot"].astype(float)),
        [given("candidate", log["target"])],
        Choices(resamples=200),
    )
    plans = (decided(customer(), candidate, None, f"{n:032x}") for n in range(DECISIONS * 4))
    truth = sum("c" in shown(plan) for plan in plans) / (DECISIONS * 4)
    (policy,) = found.policies
    assert policy.value.low <= truth <= policy.value.high
    assert np.isclose(policy.overlap.mean_weight, 1.0, atol=0.1)
    assert found.logged.high < truth
