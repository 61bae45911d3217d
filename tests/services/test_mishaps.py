"""What a decision does when the store loses an answer, its memory, or the race."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import redis

from engine import record
from engine.bootstrap import Application, assemble
from engine.catalogue import compile_version
from engine.change import Change, Committed, Conflict, Found, Known, Loaded
from engine.domain import Contacts
from engine.errors import AnswerLost, StateUnknown, StoreUnavailable
from engine.record import VoidRecord
from engine.registry import Registry
from engine.services.deciding.decisions import ATTEMPTS, Decisions
from engine.services.deciding.recent import Recent
from engine.services.deciding.replay import Replay
from engine.services.intake.interactions import Interactions
from engine.services.live.models import RegisteredModels
from engine.services.live.versions import Versions
from engine.services.people.customers import Customers
from engine.services.people.identities import Resolver
from engine.services.people.lists import Lists
from engine.services.people.rules import Rules
from engine.settings import Settings
from engine.store import Store
from engine.telemetry import Metrics
from engine.wire.customers import CustomerPatchBody
from engine.wire.decisions import DecisionBody, PlacementBody
from engine.wire.identities import CustomerBody
from engine.wire.one_interaction import InteractionBody
from tests.http.catalogue import written

ASK = DecisionBody(CustomerBody("c-1"), "web", [PlacementBody("home.hero")])


class Flaky:
    """The real store, with something happening around its commits."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.before: Callable[[Change], None] = lambda _: None
        self.after: Callable[[Change], None] = lambda _: None
        self.commits = 0

    def load(
        self, customer_id: str, seen: Sequence[str] = (), deadline: float | None = None
    ) -> Loaded:
        return self.store.load(customer_id, seen, deadline)

    def commit(self, change: Change, deadline: float | None = None) -> Committed | Conflict | Known:
        self.commits += 1
        self.before(change)
        result = self.store.commit(change, deadline)
        self.after(change)
        return result

    def find_decision(self, decision_id: str, deadline: float | None = None) -> Found | None:
        return self.store.find_decision(decision_id, deadline)


@pytest.fixture
def application(store: Store, tmp_path: Path) -> Application:
    application = assemble(Settings(written(tmp_path), tmp_path / "data"), store)
    patch = CustomerPatchBody({"plan": "basic"}, {"marketing": "granted"})
    application.customers.change("c-1", patch)
    return application


@pytest.fixture
def flaky(store: Store) -> Flaky:
    return Flaky(store)


@pytest.fixture
def decisions(application: Application, flaky: Flaky, tmp_path: Path) -> Decisions:
    models = RegisteredModels(Registry(tmp_path / "data"))
    replay = Replay(flaky, Versions(tmp_path / "data", compile_version, models))
    return Decisions(
        flaky, application.served, replay, lambda *_: "token", application.metrics, Recent()
    )


def test_a_commit_whose_answer_was_lost_is_asked_once_more_and_counts_once(
    decisions: Decisions, flaky: Flaky, store: Store
) -> None:
    flaky.after = _once(AnswerLost("cut"))
    reply = decisions.answer(ASK, None, False)
    assert reply.degraded is None
    assert not reply.placements[0].fallback
    assert len(store.load("c-1").state.contacts.rows) == 1
    assert store.load("c-1").state.contacts.rows[0].decision == reply.decision_id


def test_a_decision_never_confirmed_goes_out_as_fallback_and_is_voided_at_the_next_commit(
    decisions: Decisions, flaky: Flaky, server_url: str
) -> None:
    def lose(_: Change) -> None:
        raise AnswerLost("cut")

    flaky.after = lose
    reply = decisions.answer(ASK, None, False)
    assert reply.degraded == "store-unavailable"
    assert reply.placements[0].fallback

    flaky.after = lambda _: None
    decisions.answer(ASK, None, False)
    (void,) = [entry for entry in _log(server_url) if isinstance(entry, VoidRecord)]
    assert void.customer_id == "c-1"


@pytest.mark.parametrize("customer", ["c-1", "nobody"])
def test_nothing_names_a_customer_who_was_erased_before_their_decision_was_voided(
    application: Application, flaky: Flaky, decisions: Decisions, server_url: str, customer: str
) -> None:
    ask = DecisionBody(CustomerBody(customer), "web", [PlacementBody("home.hero")])

    def lose(_: Change) -> None:
        raise AnswerLost("cut")

    flaky.after = lose
    assert decisions.answer(ask, None, False).degraded == "store-unavailable"
    flaky.after = lambda _: None
    application.privacy.erase(customer)
    other = DecisionBody(CustomerBody("c-2"), "web", [PlacementBody("home.hero")])
    for _ in range(3):
        assert decisions.answer(other, None, False).degraded is None
    with redis.Redis.from_url(server_url) as client:
        logs = [client.xrange(key) for key in client.scan_iter("*:log")]
    assert customer not in str(logs)


def test_a_decision_never_confirmed_is_voided_with_the_survivor_where_they_were_merged(
    application: Application, flaky: Flaky, store: Store, server_url: str, tmp_path: Path
) -> None:
    patch = CustomerPatchBody({"plan": "basic"}, {"marketing": "granted"})
    application.customers.change("c-2", patch)
    people = Resolver(
        flaky,
        store.identities,
        application.merges,
        Rules(application.served, None, 3),
        Lists(flaky, application.served),
    )
    decisions = Decisions(people, application.served, None, lambda *_: "token", Metrics(), Recent())
    ask = DecisionBody(CustomerBody("c-2"), "web", [PlacementBody("home.hero")])

    def lose(_: Change) -> None:
        raise AnswerLost("cut")

    flaky.after = lose
    decisions.answer(ask, None, False)
    flaky.after = lambda _: None
    application.merges.merge(store.load("c-1").state, store.load("c-2").state)
    for _ in range(3):
        decisions.answer(ASK, None, False)
    (void,) = [entry for entry in _log(server_url) if isinstance(entry, VoidRecord)]
    assert void.customer_id == "c-1"
    assert len(void.decision_id) == 32


def test_a_customer_who_keeps_changing_gets_the_fallback_after_a_few_attempts(
    decisions: Decisions, flaky: Flaky, application: Application
) -> None:
    visits = iter(range(100))

    def interfere(_: Change) -> None:
        patch = CustomerPatchBody({"visits": next(visits)})
        application.customers.change("c-1", patch)

    flaky.before = interfere
    reply = decisions.answer(ASK, None, False)
    assert reply.degraded == "contention"
    assert flaky.commits == ATTEMPTS


def test_a_customer_who_changed_once_is_decided_for_as_they_are_now(
    decisions: Decisions, flaky: Flaky, application: Application
) -> None:
    changes = iter([CustomerPatchBody(consent={"marketing": "denied"})])

    def opt_out(_: Change) -> None:
        for patch in changes:
            application.customers.change("c-1", patch)

    flaky.before = opt_out
    reply = decisions.answer(ASK, None, False)
    assert reply.degraded is None
    assert reply.placements[0].fallback


def test_past_the_deadline_nothing_is_committed_and_the_fallback_goes_out(
    decisions: Decisions, flaky: Flaky, store: Store
) -> None:
    load = flaky.load

    def slow(customer_id: str, seen: Sequence[str] = (), deadline: float | None = None) -> Loaded:
        loaded = load(customer_id, seen)
        while deadline is not None and time.monotonic() < deadline:
            pass
        return loaded

    flaky.load = slow  # type: ignore[method-assign]
    body = DecisionBody(ASK.customer, "web", ASK.placements, deadline_ms=200)
    reply = decisions.answer(body, None, False)
    assert reply.degraded == "deadline"
    assert flaky.commits == 0
    assert store.load("c-1").state.contacts == Contacts()


def test_a_store_that_lost_its_memory_gets_fallbacks_not_fresh_caps(
    application: Application, server_url: str
) -> None:
    with redis.Redis.from_url(server_url) as server:
        server.flushall()
    reply = application.decisions.answer(ASK, None, False)
    assert reply.degraded == "state-unknown"
    assert reply.placements[0].fallback
    row = InteractionBody("v-1", CustomerBody("c-1"), type="visit")
    with pytest.raises(StateUnknown):
        application.interactions.take_in([row])


def test_interactions_whose_answer_was_lost_count_once(
    application: Application, flaky: Flaky, store: Store
) -> None:
    flaky.after = _once(AnswerLost("cut"))
    recent = Recent()
    for _ in range(2):
        recent.keep(store.load("c-1"), {}, store.load("c-1").state.revision)
    assert recent.recall("c-1")
    interactions = Interactions(flaky, application.served, application.metrics, recent)
    row = InteractionBody("v-1", CustomerBody("c-1"), type="visit")
    reply = interactions.take_in([row])
    assert (reply.accepted, reply.duplicates) == (1, 0)
    assert len(store.load("c-1").state.events.rows) == 1
    assert recent.recall("c-1") is None  # what else was written meanwhile, nobody said


def test_a_change_of_a_customer_whose_answer_was_lost_is_made_once(
    application: Application, flaky: Flaky, store: Store
) -> None:
    customers = Customers(flaky, application.served, application.metrics)
    before = store.load("c-1").state.revision
    patch = CustomerPatchBody({"plan": "plus"}, {"marketing": "denied"})
    flaky.after = _once(AnswerLost("cut"))
    assert customers.change("c-1", patch).revision == before + 1
    flaky.after = _once(AnswerLost("cut"))
    assert customers.change("c-1", CustomerPatchBody({"plan": "plus"}, {})).revision == before + 2
    assert store.load("c-1").state.revision == before + 2


def test_interactions_are_not_acknowledged_when_the_store_went_away(
    application: Application, flaky: Flaky, store: Store
) -> None:
    def away(_: Change) -> None:
        raise StoreUnavailable("away")

    flaky.before = away
    interactions = Interactions(flaky, application.served, application.metrics, Recent())
    with pytest.raises(StoreUnavailable):
        interactions.take_in([InteractionBody("v-1", CustomerBody("c-1"), type="visit")])
    assert store.load("c-1").state.events.rows == ()


def _once(error: Exception) -> Callable[[Change], None]:
    errors = iter([error])

    def happen(_: Change) -> None:
        for one in errors:
            raise one

    return happen


def _log(server_url: str) -> list[record.Record]:
    with redis.Redis.from_url(server_url) as server:
        return [
            record.decode(fields[b"r"])
            for key in server.scan_iter("*:log")
            for _, fields in server.xrange(key)
        ]
