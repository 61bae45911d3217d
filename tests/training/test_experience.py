"""What the archive says was offered, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from engine.codec import pack_attributes, pack_consent
from engine.domain import Consent, Interaction
from engine.errors import NotFound
from engine.plan import Filled, Plan
from engine.record import DecisionRecord, InteractionRecord, MergeRecord, VoidRecord
from engine.rows import day_of
from engine.store import Store
from tests.archive.builders import DAY, House, decision, keep_all
from tests.builders import catalogue
from training.experience import Experience, read_experience

CATALOGUE = catalogue(strategy={"positive": {"click": 0.2, "accept": 1.0}, "attribution": "7d"})

EMPTY = Plan("0" * 32, (Filled("home.hero", True),))


@pytest.fixture
def house(store: Store, server_url: str, tmp_path: Path) -> House:
    return House(store, server_url, tmp_path / "data")


def now(house: House) -> int:
    return house.store.load("anyone").now


def read(house: House, at: int | None = None, **options: Any) -> Experience:
    """All that was learnt by then; by default, when every window has closed."""
    keep_all(house.keeping())
    return read_experience(house.data, CATALOGUE, now=at or now(house) + 8 * DAY, **options)


def made(house: House, customer: str, at: int | None = None, **fields: Any) -> DecisionRecord:
    """A decision for a customer on the plus plan, with any of its fields replaced."""
    entry = decision(customer, at or now(house))
    state = {"attributes": pack_attributes({"plan": "plus", "first_name": "Ana"})}
    entry = replace(entry, **{"state": state, **fields})
    house.write(customer, entry, decision_id=entry.decision_id)
    return entry


def answer(house: House, entry: DecisionRecord, type: str, reward: float | None, at: int) -> None:
    id = f"{entry.decision_id}-{type}-{at}"
    said = Interaction(id, type, at, entry.decision_id, "fibre", channel="web")
    customer = entry.request.customer_id
    house.write(customer, InteractionRecord(customer, said, reward, at))


def test_an_offer_is_a_row_with_its_facts_its_chance_and_what_came_of_it(house: House) -> None:
    start = now(house) - 20 * DAY
    entry = made(house, "ana", start)
    answer(house, entry, "click", 0.2, start + DAY)
    answer(house, entry, "accept", 1.0, start + 2 * DAY)
    found = read(house, now(house))
    assert len(found) == 1
    assert found.table.facts[0].customer == {"plan": "plus"}
    assert found.table.facts[0].now == start
    assert found.table.actions == [CATALOGUE.actions[CATALOGUE.index["fibre"]]]
    assert found.table.labels[0] == 1.0
    assert (found.probabilities[0], found.propensities[0], found.slots[0]) == (0.5, 0.1, 1)
    assert (found.decisions, found.placements) == ([entry.decision_id], ["home.hero"])
    assert found.models == ["m"]


def test_a_no_is_a_no_only_once_the_window_has_closed(house: House) -> None:
    old, young = now(house) - 7 * DAY, now(house) - 6 * DAY
    kept = made(house, "ana", old).decision_id
    answer(house, made(house, "ben", young), "accept", 1.0, young)
    found = read(house, now(house))
    assert (found.decisions, found.table.labels.tolist()) == ([kept], [0.0])


def test_a_window_closes_when_it_is_over_and_no_sooner(house: House) -> None:
    start = now(house) - 20 * DAY
    made(house, "ana", start)
    assert len(read(house, start + 7 * DAY)) == 1
    with pytest.raises(NotFound, match="still open"):
        read(house, start + 7 * DAY - 1)


def test_an_answer_after_the_window_is_none(house: House) -> None:
    start = now(house) - 20 * DAY
    answer(house, made(house, "ana", start), "accept", 1.0, start + 7 * DAY + 1)
    answer(house, made(house, "ben", start + 1), "accept", 1.0, start + 1 + 7 * DAY)
    assert read(house).table.labels.tolist() == [0.0, 1.0]


def test_what_nobody_saw_or_may_learn_from_is_left_out(house: House) -> None:
    start = now(house)
    kept = made(house, "kept").decision_id
    void = made(house, "void").decision_id
    house.write("void", VoidRecord(void, "void", start))
    answer(house, made(house, "unsent"), "not_sent", None, start)
    answer(house, made(house, "bounced"), "bounced", None, start)
    plain = decision("other", start)
    made(house, "preview", request=replace(plain.request, customer_id="preview", mode="preview"))
    made(house, "again", plan=replace(plain.plan, repeat=kept))
    made(house, "fallback", plan=replace(plain.plan, placements=(Filled("home.hero", True),)))
    no = {"consent": pack_consent({"personalisation": Consent("denied", start, "test")})}
    made(house, "refused", state=no)
    made(house, "erased")
    keep_all(house.keeping())
    house.erase("erased")
    assert read(house).decisions == [kept]


def test_customers_who_were_merged_are_one(house: House) -> None:
    for customer in ("ana", "anna", "ann", "ben"):
        made(house, customer)
    for survivor, loser in (("anna", "ann"), ("ana", "anna")):
        merge = MergeRecord(survivor, loser, house.subject(loser), now(house))
        house.write(survivor, merge)
    found = read(house).table.subjects
    assert len(np.unique(found)) == 2


def test_dates_say_which_decisions_and_never_which_answers(house: House) -> None:
    start = now(house) - 30 * DAY
    early, late = made(house, "ana", start), made(house, "ana", start + 10 * DAY)
    answer(house, early, "accept", 1.0, start + 5 * DAY)
    day = date.fromisoformat(day_of(start))
    before = read(house, until=day + timedelta(days=1))
    assert (before.decisions, before.table.labels.tolist()) == ([early.decision_id], [1.0])
    assert read(house, since=day + timedelta(days=1)).decisions == [late.decision_id]


def test_an_action_that_left_the_catalogue_is_known_by_its_kind(house: House) -> None:
    plain = decision("ana", now(house))
    chosen = replace(plain.plan.placements[0].actions[0], action="gone", kind="service")
    plan = replace(plain.plan, placements=(Filled("home.hero", False, (chosen,)),))
    made(house, "ana", plan=plan)
    (action,) = read(house).table.actions
    assert (action.id, action.kind, action.group) == ("gone", "service", None)


def test_rows_can_be_chosen_and_keep_together(house: House) -> None:
    start = now(house) - 20 * DAY
    entries = [made(house, f"c-{i}", start + i) for i in range(3)]
    answer(house, entries[1], "accept", 1.0, start + DAY)
    found = read(house)
    assert found.decisions == [entry.decision_id for entry in entries]
    some = found.where(found.table.labels > 0)
    assert (some.decisions, some.table.at.tolist()) == ([entries[1].decision_id], [start + 1])


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (lambda _: None, "holds no decision"),
        (lambda house: made(house, "a", plan=EMPTY), "offered anything"),
        (lambda house: made(house, "a", state={"events": b"\xc1"}), "has the facts"),
        (lambda house: made(house, "a", now(house) + 2 * DAY), "still open"),
    ],
)
def test_where_there_is_nothing_to_learn_from_it_says_what_is_missing(
    house: House, fill: Callable[[House], object], said: str
) -> None:
    fill(house)
    with pytest.raises(NotFound, match=said):
        read(house)
