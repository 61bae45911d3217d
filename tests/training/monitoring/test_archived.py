"""A house's own archive as traffic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from engine.codec import pack_attributes, pack_consent
from engine.domain import Consent, Interaction
from engine.errors import NotFound
from engine.plan import Filled, Plan
from engine.record import InteractionRecord
from engine.store import Store
from tests.archive.builders import DAY, House, decision, keep_all
from tests.builders import SCHEMA, action, catalogue
from training.monitoring.archived import read_traffic
from training.monitoring.performance import measure
from training.monitoring.traffic import Traffic

ASKING = catalogue(
    actions=[
        action("fibre", eligibility=["customer.plan != 'fibre'"], applicability=["context.page"]),
        action("plus", suitability=["customer.first_name != 'Ana'", "customer.churn_risk < 0.9"]),
    ],
    schema={**SCHEMA, "context": {"page": {"type": "bool"}, "intent": {"type": "string"}}},
)
WEEK = 7 * DAY


@pytest.fixture
def house(store: Store, server_url: str, tmp_path: Path) -> House:
    return House(store, server_url, tmp_path / "data")


def made(house: House, customer: str, at: int, **fields: Any) -> str:
    entry = decision(customer, at)
    state = {"attributes": pack_attributes({"plan": "plus", "first_name": "Ana"})}
    entry = replace(entry, **{"state": state, **fields})
    house.write(customer, entry, decision_id=entry.decision_id)
    return entry.decision_id


def answered(house: House, customer: str, decision_id: str, at: int, reward: float = 1.0) -> None:
    said = Interaction(f"{decision_id}-yes", "accept", at, decision_id, "fibre", channel="web")
    house.write(customer, InteractionRecord(customer, said, reward, at))


def read(house: House, now: int) -> Traffic:
    keep_all(house.keeping())
    return read_traffic(house.data, ASKING, now=now)


def test_every_live_decision_is_a_row_answered_once_its_window_has_closed(house: House) -> None:
    now = house.store.load("anyone").now
    answered(house, "ana", made(house, "ana", now - 3 * WEEK), now - 3 * WEEK + DAY)
    made(house, "ben", now - 2 * WEEK)
    answered(house, "eve", made(house, "eve", now - DAY), now)
    found = read(house, now)
    assert found.actions.tolist() == ["fibre"] * 3
    assert np.array_equal(found.answered, [1.0, 0.0, np.nan], equal_nan=True)
    assert found.promised.tolist() == [0.1] * 3
    assert found.inputs["customer.plan"].tolist() == ["plus"] * 3
    assert found.inputs["placement"].tolist() == ["home.hero"] * 3


def test_promises_are_held_to_what_answers_are_worth(house: House) -> None:
    now = house.store.load("anyone").now
    for week, reward in enumerate((0.2, 1.0, 0.2), 2):
        at = now - week * WEEK
        answered(house, "ana", made(house, "ana", at), at + DAY, reward=reward)
    found = read(house, now)
    assert found.answered.tolist() == [1.0, 1.0, 1.0]
    assert found.meant is not None
    assert found.meant.tolist() == [0.2, 1.0, 0.2]
    measured = measure(found)
    assert measured is not None
    assert measured.calibration is not None
    assert measured.calibration.value == pytest.approx(1.4 / 3 - 0.1)


def test_a_fallback_is_a_row_without_an_action(house: House) -> None:
    now = house.store.load("anyone").now
    nothing = Plan("0" * 32, (Filled("home.hero", True),))
    made(house, "ana", now - 2, plan=nothing)
    made(house, "ben", now - 1)
    found = read(house, now)
    assert found.actions.tolist() == ["", "fibre"]
    assert found.fallback.tolist() == [1.0, 0.0]
    assert found.known.tolist() == [False, True]


def test_what_rules_ask_for_is_known_by_name_but_for_what_is_personal(house: House) -> None:
    now = house.store.load("anyone").now
    made(house, "ana", now)
    found = read(house, now)
    assert found.asked == ("context.page", "customer.plan")
    assert "customer.first_name" not in found.inputs
    assert found.inputs["context.page"].isna().all()


def test_nothing_is_read_of_customers_who_refused_personalisation(house: House) -> None:
    now = house.store.load("anyone").now
    no = {"consent": pack_consent({"personalisation": Consent("denied", now, "test")})}
    made(house, "ana", now, state=no)
    with pytest.raises(NotFound, match="nothing to watch"):
        read(house, now)
