"""Facts about the households the demo puts in the store, and what it says of them."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from demo.attributes import AS_OF, Ledger, attributes
from demo.households import CONSENT_SOURCE, Household, Story, consent, households, notables
from demo.loading import load_households
from demo.telling import Teller
from engine import record
from engine.change import Change
from engine.codec import pack_consent
from engine.domain import Consent
from engine.store import Store

STORY = Story("call", 3_600_000, topic="complaint", status="open")


@pytest.fixture(scope="module")
def everyone(books: Ledger) -> list[Household]:
    return households(attributes(books, AS_OF))


def test_a_loaded_household_has_its_attributes_its_consent_and_its_story(
    store: Store, everyone: list[Household]
) -> None:
    some = everyone[:20]
    assert load_households(store, some, {some[3].customer_id: STORY}) == 20
    for household in some:
        state = store.load(household.customer_id).state
        assert state.attributes == household.attributes
        assert {purpose: said.status for purpose, said in state.consent.items()} == dict(
            household.consent
        )
        assert all(said.source == CONSENT_SOURCE for said in state.consent.values())
    told = store.load(some[3].customer_id).state.events
    assert [matter.topic for matter in told.open] == ["complaint"]
    assert not store.load(some[4].customer_id).state.events.rows


def test_a_second_start_leaves_what_has_happened_since(
    store: Store, everyone: list[Household]
) -> None:
    some = everyone[:5]
    load_households(store, some, {})
    loaded = store.load(some[0].customer_id)
    opted_out = {"marketing": Consent("denied", loaded.now, "web")}
    told = record.CustomerRecord(some[0].customer_id, {}, opted_out, "web", loaded.now)
    change = Change(
        some[0].customer_id,
        loaded.state.revision,
        {"consent": pack_consent(opted_out)},
        loaded.now,
        record.encode(told),
        None,
        86_400_000,
    )
    store.commit(change)
    assert load_households(store, some, {}) == 0
    assert store.load(some[0].customer_id).state.consent == opted_out


def test_consent_is_the_same_at_every_start_and_in_the_stated_shares() -> None:
    customers = [f"h-{number}" for number in range(10_000)]
    said = [consent(customer) for customer in customers]
    assert said == [consent(customer) for customer in customers]
    marketing = [one.get("marketing") for one in said]
    assert marketing.count("granted") / 10_000 == pytest.approx(0.70, abs=0.015)
    assert marketing.count("denied") / 10_000 == pytest.approx(0.12, abs=0.015)


def test_the_households_to_try_are_seven_and_each_for_its_own_reason(
    everyone: list[Household],
) -> None:
    chosen = notables(everyone)
    assert len({notable.customer_id for notable in chosen}) == len(chosen) == 7
    assert len({notable.why for notable in chosen}) == 7
    by_id = {household.customer_id: household for household in everyone}
    assert by_id[chosen[4].customer_id].consent["marketing"] == "denied"


def test_the_first_line_printed_for_a_shell_makes_a_decision(everyone: list[Household]) -> None:
    page = StringIO()
    console = Console(file=page, width=60)
    Teller(console, "http://127.0.0.1:8080", "sk_secret").tell(
        "figures", everyone, notables(everyone)
    )
    first = next(line for line in page.getvalue().splitlines() if line.startswith("curl"))
    assert "/v1/decisions" in first
    assert "home.hero" in first
    assert first.endswith("}'")
