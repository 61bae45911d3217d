"""A customer just decided for is not asked for again, and nothing stale ever comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from engine import record
from engine.bootstrap import Application
from engine.codec import unpack
from engine.errors import IdentityShared
from engine.partitions import partition_of
from engine.record import DecisionRecord
from engine.store import Store
from engine.store.keys import customer_key
from engine.wire.customers import CustomerPatchBody
from engine.wire.one_interaction import InteractionBody
from tests.http.catalogue import CATALOGUE, written
from tests.services.conftest import worker
from tests.services.identities.people import MAIL, decide, known, next_moment, take_in, visit

HOUR = 3_600_000


REFUSES = CustomerPatchBody(consent={"marketing": "denied"})


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """An offer may be made three times: whoever is met twice is remembered the third time."""
    written(tmp_path, CATALOGUE.replace("cap: 2,", "cap: 3,"))
    return tmp_path


def met(application: Application, **named: Any) -> None:
    """Somebody was decided for twice, and others did not change them in between."""
    decide(application, **(named or {"id": "c-1"}))
    decide(application, **(named or {"id": "c-1"}))


@pytest.fixture
def trips(store: Store) -> list[str]:
    """The trips to the store, as they happen."""
    servers, taken = store._servers, list[str]()
    read, write = servers.read, servers.write

    def counted(name: str, go: Callable[..., object]) -> Callable[..., object]:
        def trip(*given: object) -> object:
            taken.append(name)
            return go(*given)

        return trip

    servers.read = counted("read", read)  # type: ignore[method-assign]
    servers.write = counted("write", write)  # type: ignore[method-assign]
    return taken


def tracked(customer: str, name: str) -> dict[str, Any]:
    """What a site's server saw somebody do."""
    return {"type": "track", "event": "Seen", "userId": customer, "messageId": name}


def offered(application: Application, **named: Any) -> bool:
    """Whether a decision just now was more than the fallback."""
    return not decide(application, **(named or {"id": "c-1"})).placements[0].fallback


# ── what it spares ───────────────────────────────────────────────────────────────────


def test_whoever_was_decided_for_only_once_is_asked_for(one: Application, trips: list[str]) -> None:
    known(one, "c-1")
    assert offered(one)
    trips.clear()
    assert offered(one)
    assert trips == ["read", "write"]


def test_a_customer_decided_for_again_and_again_is_decided_for_in_one_trip(
    one: Application, trips: list[str]
) -> None:
    known(one, "c-1")
    met(one)
    trips.clear()
    assert offered(one)
    assert trips == ["write"]


def test_so_is_one_named_by_an_identity(one: Application, trips: list[str]) -> None:
    known(one, "c-1")
    one.linking.link("c-1", MAIL)
    met(one, identity=MAIL)
    trips.clear()
    assert offered(one, identity=MAIL)
    assert trips == ["write"]


def test_so_is_one_named_by_an_identity_of_somebody_they_turned_out_to_be(
    one: Application, trips: list[str]
) -> None:
    known(one, "c-1")
    decide(one, identity="cookie:7")
    one.linking.link("c-1", "cookie:7")
    met(one, identity="cookie:7")
    trips.clear()
    assert offered(one, identity="cookie:7")
    assert trips == ["write"]


def test_what_this_worker_took_in_meanwhile_is_known(
    one: Application, store: Store, trips: list[str]
) -> None:
    known(one, "c-1")
    met(one)
    next_moment(store)
    visit(one, "v-1", id="c-1")
    trips.clear()
    found = one.decisions._recent.recall("c-1")
    assert found is not None
    assert [tally.count for tally in found.state.events.tallies] == [1]
    assert offered(one)
    assert trips == ["write"]


def test_so_is_an_event_taken_in_meanwhile(
    one: Application, store: Store, trips: list[str]
) -> None:
    known(one, "c-1")
    met(one)
    next_moment(store)
    take_in(one, tracked("c-1", "e-1"))
    trips.clear()
    found = one.decisions._recent.recall("c-1")
    assert found is not None
    assert [tally.count for tally in found.state.events.tallies] == [1]
    assert offered(one)
    assert trips == ["write"]


def test_an_event_told_to_another_worker_is_known_at_once(
    one: Application, two: Application, store: Store
) -> None:
    known(one, "c-1")
    met(one)
    take_in(two, tracked("c-1", "e-1"))
    made = decide(one, id="c-1")
    found = store.find_decision(made.decision_id)
    assert found is not None
    entry = record.decode(found.record)
    assert isinstance(entry, DecisionRecord)
    assert [tally.count for tally in unpack("c-1", entry.state).events.tallies] == [1]


def test_a_decision_made_without_asking_replays_the_same(one: Application) -> None:
    known(one, "c-1")
    met(one)
    visit(one, "v-1", id="c-1")
    reply = decide(one, id="c-1")
    assert one.records.replay(reply.decision_id).identical


# ── what it must not do ──────────────────────────────────────────────────────────────


def test_a_no_told_to_another_worker_holds_at_once(one: Application, two: Application) -> None:
    known(one, "c-1")
    met(one)
    two.customers.change("c-1", REFUSES)
    assert not offered(one)


def test_a_rejection_told_to_another_worker_counts_at_once(
    one: Application, two: Application
) -> None:
    known(one, "c-1")
    met(one)
    made = decide(one, id="c-1")
    row = InteractionBody(
        "r-1",
        decision_id=made.decision_id,
        action="fibre-upgrade",
        placement="home.hero",
        outcome="reject",
    )
    assert two.interactions.take_in([row]).accepted == 1
    assert not offered(one)


def test_two_workers_together_keep_the_cap(one: Application, two: Application) -> None:
    known(one, "c-1")
    met(one)
    answers = [offered(two), offered(one), offered(two)]
    assert answers == [True, False, False]


def test_someone_erased_is_a_stranger_though_as_often_changed_again(
    one: Application, two: Application, store: Store
) -> None:
    known(one, "c-1")
    met(one)
    revision = store.load("c-1").state.revision
    two.privacy.erase("c-1")
    while store.load("c-1").state.revision < revision:
        known(two, "c-1")
    assert offered(one)
    assert len(store.load("c-1").state.contacts.rows) == 1


def test_a_no_said_to_an_older_copy_whose_clock_is_behind_holds_at_once(
    one: Application, two: Application, store: Store, server_url: str
) -> None:
    known(one, "c-1")
    key = customer_key(partition_of("c-1"), "c-1")
    with redis.Redis.from_url(server_url) as client:
        client.hset(key, "clock", store.load("c-1").now + HOUR)
        copy = client.hgetall(key)
        met(one)
        client.delete(key)
        client.hset(key, mapping=copy)
    two.customers.change("c-1", REFUSES)
    assert not offered(one)


def test_an_identity_set_apart_by_another_worker_names_them_no_more(
    house: Path, store: Store
) -> None:
    here, there = worker(house, store, limit=1), worker(house, store, limit=1)
    known(here, "c-1", "c-2")
    here.linking.link("c-1", "loyalty:tablet")
    met(here, identity="loyalty:tablet")
    with pytest.raises(IdentityShared):
        there.linking.link("c-2", "loyalty:tablet")
    assert decide(here, identity="loyalty:tablet").degraded == "identity-shared"


def test_a_preview_asks_the_store(one: Application, trips: list[str]) -> None:
    known(one, "c-1")
    met(one)
    trips.clear()
    decide(one, mode="preview", id="c-1")
    assert trips == ["read"]


def test_a_fallback_is_given_only_once_the_store_was_asked(
    one: Application, trips: list[str]
) -> None:
    known(one, "c-1")
    met(one)
    assert offered(one)
    trips.clear()
    assert not offered(one)
    assert trips == ["read", "write"]


def test_whoever_said_no_elsewhere_is_decided_for_in_vain_only_once(
    one: Application, two: Application, trips: list[str]
) -> None:
    known(one, "c-1")
    met(one)
    two.customers.change("c-1", REFUSES)
    assert not offered(one)
    trips.clear()
    assert not offered(one)
    assert trips == ["read", "write"]


def test_whoever_became_another_elsewhere_is_decided_for_in_vain_only_once(
    one: Application, two: Application, trips: list[str]
) -> None:
    known(one, "c-1", "c-2")
    met(one, id="c-2")
    for customer in ("c-1", "c-2"):
        two.linking.link(customer, MAIL)
    assert decide(one, id="c-2").customer_id == "c-1"
    trips.clear()
    assert decide(one, id="c-2").customer_id == "c-1"
    assert trips[0] == "read"


def test_the_same_request_again_is_no_conflict(one: Application) -> None:
    known(one, "c-1")
    first = decide(one, request_id="r-1", id="c-1")
    again = decide(one, request_id="r-1", id="c-1")
    assert again.decision_id == first.decision_id
    assert b"teller_conflicts_total 0.0" in one.metrics.exposition()
