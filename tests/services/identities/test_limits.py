"""How many names a customer may have, and how many customers a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bootstrap import Application
from engine.codec import pack_names
from engine.errors import CustomerFull, IdentityShared
from engine.identity import MOST_NAMES
from engine.store import Store
from tests.services.conftest import worker
from tests.services.identities.crashing import Crash, crashing
from tests.services.identities.people import CARD, MAIL, decide, known, visit
from tests.store.builders import change


def crowded(store: Store, customer: str, section: str, count: int) -> None:
    """A customer with that many names."""
    loaded = store.load(customer)
    names = pack_names([f"cookie:{customer}-{number}" for number in range(count)])
    store.commit(change(loaded, sections={section: names}))


def test_a_customer_has_a_bounded_number_of_identities(one: Application, store: Store) -> None:
    known(one, "c-1", "c-2")
    crowded(store, "c-1", "identities", MOST_NAMES - 1)
    assert one.linking.link("c-1", CARD).customer_id == "c-1"
    with pytest.raises(CustomerFull, match=f"has {MOST_NAMES} identities"):
        one.linking.link("c-1", MAIL)
    assert one.linking.link("c-1", CARD).customer_id == "c-1"
    assert one.linking.link("c-2", MAIL).merged == []
    with pytest.raises(CustomerFull):
        one.linking.link("c-2", CARD)
    assert [store.load(name).fence for name in ("c-1", "c-2")] == [None, None]


def test_a_bounded_number_of_customers_becomes_one(one: Application, store: Store) -> None:
    known(one, "c-1", "c-2")
    crowded(store, "c-1", "merged", MOST_NAMES)
    one.linking.link("c-1", CARD)
    with pytest.raises(CustomerFull):
        one.linking.link("c-2", CARD)
    assert store.load("c-2").redirect is None


def test_who_turns_out_to_be_too_many_once_fenced_lives_on_alone(
    one: Application, store: Store
) -> None:
    known(one, "c-1", "c-2")
    crowded(store, "c-1", "merged", MOST_NAMES)
    one.merges.merge(store.load("c-1").state, store.load("c-2").state)
    left = store.load("c-2")
    assert (left.fence, left.redirect, left.state.attributes) == (None, None, {"plan": "basic"})
    assert store.identities.fenced() == []


def test_a_merge_that_filled_a_customer_is_still_finished(
    one: Application, house: Path, store: Store
) -> None:
    known(one, "c-1", "c-2")
    crowded(store, "c-1", "merged", MOST_NAMES - 1)
    one.linking.link("c-1", CARD)
    with pytest.raises(Crash):
        crashing(one, store, 3, True).link("c-2", CARD)
    assert "c-2" in store.load("c-1").state.merged  # folded, and still fenced
    assert store.load("c-2").fence == "c-1"
    worker(house, store).merges.sweep()
    assert store.load("c-2").redirect == "c-1"


def test_an_identity_too_many_customers_share_merges_nobody_and_is_listed(
    house: Path, store: Store
) -> None:
    strict = worker(house, store, limit=1)
    known(strict, "c-1", "c-2")
    decide(strict, identity="loyalty:tablet")
    strict.linking.link("c-1", "loyalty:tablet")
    with pytest.raises(IdentityShared, match="too many customers share"):
        strict.linking.link("c-2", "loyalty:tablet")
    assert strict.linking.shared().identities == ["loyalty:tablet"]
    assert strict.customers.view("c-2").merged == []
    assert "loyalty:tablet" not in strict.customers.view("c-1").identities
    for application in (strict, worker(house, store, limit=1)):
        assert decide(application, identity="loyalty:tablet").degraded == "identity-shared"
        assert visit(application, "v", identity="loyalty:tablet") == (0, 0, 1)
    with pytest.raises(IdentityShared):
        strict.linking.find("loyalty:tablet")


def test_a_shared_identity_serves_again_under_a_higher_limit(house: Path, store: Store) -> None:
    strict = worker(house, store, limit=1)
    known(strict, "c-1", "c-2")
    strict.linking.link("c-1", CARD)
    with pytest.raises(IdentityShared):
        strict.linking.link("c-2", CARD)
    loose = worker(house, store, limit=2)
    assert loose.linking.link("c-2", CARD).identities == [CARD]
    assert loose.linking.shared().identities == []
