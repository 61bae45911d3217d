"""What any server we support must do for us."""

from __future__ import annotations

import pytest
import redis
from msgspec.structs import replace

from engine.change import Ask, Committed, Conflict, Found, Known, Seen
from engine.codec import pack_attributes, pack_consent, pack_names
from engine.domain import Consent
from engine.errors import CustomerFull, StateUnknown, StoreUnavailable
from engine.partitions import new_decision_id, partition_of
from engine.store import Store
from engine.store.keys import customer_key, log_key
from tests.store.builders import DAY, change

SEEN = Seen("m-1", b"digest", b"answer")


def decision_id(customer_id: str, now: int, entropy: bytes = b"12345678") -> str:
    return new_decision_id(customer_id, now, entropy)


def test_a_customer_never_heard_of_is_empty_at_revision_0(any_store: Store) -> None:
    loaded = any_store.load("ana")
    assert (loaded.state.revision, loaded.state.attributes, loaded.packed) == (0, {}, {})


def test_a_commit_is_read_by_the_very_next_load(any_store: Store) -> None:
    consent = {"marketing": Consent("denied", 5, "api")}
    first = any_store.load("ana")
    committed = any_store.commit(change(first, sections={"consent": pack_consent(consent)}))
    state = any_store.load("ana").state
    assert isinstance(committed, Committed)
    assert (state.revision, state.consent, state.created) == (1, consent, first.now)


def test_only_the_sections_named_change(any_store: Store) -> None:
    any_store.commit(change(any_store.load("ana")))
    any_store.commit(change(any_store.load("ana"), sections={"consent": pack_consent({})}))
    assert any_store.load("ana").state.attributes == {"plan": "basic"}


def test_a_commit_from_an_old_revision_writes_nothing_and_carries_the_new_state(
    any_store: Store,
) -> None:
    old = any_store.load("ana")
    any_store.commit(change(old))
    late = change(old, sections={"attributes": pack_attributes({"plan": "plus"})})
    answer = any_store.commit(late)
    assert isinstance(answer, Conflict)
    assert answer.loaded.state == any_store.load("ana").state
    assert answer.loaded.state.attributes == {"plan": "basic"}


def test_of_a_customer_only_the_sections_asked_for_are_loaded_and_who_they_are(
    any_store: Store,
) -> None:
    told = {
        "attributes": pack_attributes({"plan": "basic"}),
        "consent": pack_consent({"marketing": Consent("denied", 5, "api")}),
        "identities": pack_names(["email:ana@example.com"]),
    }
    any_store.commit(change(any_store.load("ana"), sections=told, seen=[SEEN]))
    whole = any_store.load("ana")
    asked = [Ask("ana", ["m-0", "m-1"], ["consent"]), Ask("ben", ["m-1"], [])]
    ana, ben = any_store.load_all(asked)
    assert ana.state == replace(whole.state, attributes={}, subject="")
    assert (ana.seen, ana.packed, ben.seen, ben.state.revision) == ([None, SEEN], {}, [None], 0)


def test_many_customers_are_loaded_and_committed_together_each_on_its_own(
    any_store: Store,
) -> None:
    names = [f"c-{number}" for number in range(20)]
    loaded = list(any_store.load_all([Ask(name, ["m-1"]) for name in names]))
    assert [one.state.customer_id for one in loaded] == names
    any_store.commit(change(loaded[3]))
    results = any_store.commit_all([change(one, seen=[SEEN]) for one in loaded])
    assert [type(one) for one in results] == [Committed] * 3 + [Conflict] + [Committed] * 16
    again = list(any_store.load_all([Ask(name, ["m-1"]) for name in names]))
    assert [one.seen == [SEEN] for one in again] == [True] * 3 + [False] + [True] * 16
    assert list(any_store.load_all([])) == any_store.commit_all([]) == []


def test_a_known_idempotency_key_is_answered_again_and_writes_nothing(any_store: Store) -> None:
    any_store.commit(change(any_store.load("ana"), seen=[SEEN]))
    again = any_store.load("ana", ["m-1", "m-2"])
    both = change(again, seen=[SEEN._replace(digest=b"another"), SEEN._replace(key="m-2")])
    assert again.seen == [SEEN, None]
    assert any_store.commit(both) == Known([SEEN, None], None)
    assert any_store.load("ana", ["m-2"]).seen == [None]


def test_an_idempotency_key_belongs_to_one_customer(any_store: Store) -> None:
    any_store.commit(change(any_store.load("ana"), seen=[SEEN]))
    assert any_store.load("rui", ["m-1"]).seen == [None]


def test_an_idempotency_key_is_known_for_seven_days(any_store: Store) -> None:
    loaded = any_store.load("ana")
    any_store.commit(change(loaded, clock=loaded.now - 7 * DAY + 60_000, seen=[SEEN]))
    assert any_store.load("ana", ["m-1"]).seen == [SEEN]


def test_a_decision_committed_twice_is_made_once(any_store: Store) -> None:
    loaded = any_store.load("ana")
    made = change(loaded, decision_id=decision_id("ana", loaded.now))
    any_store.commit(made)
    assert any_store.commit(replace(made, entry=b"other")) == Known([], b"a record")
    assert any_store.load("ana").state.revision == 1


def test_a_decision_is_found_by_its_id(any_store: Store) -> None:
    loaded = any_store.load("ana maria")
    made = change(loaded, decision_id=decision_id("ana maria", loaded.now), further=[b"more"])
    any_store.commit(made)
    assert any_store.find_decision(str(made.decision_id)) == Found("ana maria", b"a record")


def test_a_decision_never_made_is_not_found(any_store: Store) -> None:
    assert any_store.find_decision(decision_id("ana", 1)) is None
    assert any_store.find_decision("not an id") is None


def test_appending_neither_checks_nor_moves_the_revision(any_store: Store) -> None:
    any_store.commit(change(any_store.load("ana")))
    before = any_store.load("ana")
    any_store.commit(change(before, revision=None, sections={}, clock=before.now + DAY))
    assert any_store.load("ana").packed == before.packed


def test_the_clock_never_runs_back_for_a_customer(any_store: Store) -> None:
    loaded = any_store.load("ana")
    any_store.commit(change(loaded, clock=loaded.now + DAY))
    assert any_store.load("ana").now == loaded.now + DAY


def test_customers_of_every_partition_can_be_served(any_store: Store) -> None:
    names = [f"c-{number}" for number in range(60)]
    for name in names:
        loaded = any_store.load(name)
        made = decision_id(name, loaded.now)
        any_store.commit(change(loaded, decision_id=made, seen=[SEEN]))
        assert any_store.find_decision(made) == Found(name, b"a record")


def test_aliases_are_kept_by_model(any_store: Store) -> None:
    any_store.set_aliases("propensity", {"champion": "v1", "challenger": "v2"})
    any_store.set_aliases("propensity", {"champion": "v2"})
    assert any_store.get_aliases("propensity") == {"champion": "v2", "challenger": "v2"}
    assert any_store.get_aliases("other") == {}


def test_a_server_that_forgot_the_scripts_is_taught_them_again(
    store: Store, server_url: str
) -> None:
    with redis.Redis.from_url(server_url) as client:
        client.script_flush()
    assert isinstance(store.commit(change(store.load("ana"))), Committed)


def test_a_commit_that_cannot_be_logged_writes_nothing(store: Store, server_url: str) -> None:
    with redis.Redis.from_url(server_url) as client:
        client.set(log_key(partition_of("ana")), "no stream")
        with pytest.raises(StoreUnavailable, match="refused"):
            store.commit(change(store.load("ana"), seen=[SEEN], decision_id=decision_id("ana", 1)))
    assert store.load("ana", ["m-1"]).packed == {}
    assert store.load("ana", ["m-1"]).seen == [None]


@pytest.mark.parametrize("field", ["rev", "clock", "attributes", "consent", "contacts", "events"])
def test_damaged_memory_is_unknown_not_empty(store: Store, server_url: str, field: str) -> None:
    with redis.Redis.from_url(server_url) as client:
        client.hset(customer_key(partition_of("ana"), "ana"), field, b"\xc1junk")
    with pytest.raises(StateUnknown, match=field):
        store.load("ana")


def test_a_customer_takes_a_bounded_number_of_ids_a_week_and_others_go_on(any_store: Store) -> None:
    for part in range(8):
        keys = [SEEN._replace(key=f"{part}-{number}") for number in range(2500)]
        loaded = any_store.load("ana")
        assert isinstance(any_store.commit(change(loaded, seen=keys)), Committed)
    loaded = any_store.load("ana", ["new"])
    with pytest.raises(CustomerFull, match="20,000 things this week"):
        any_store.commit(change(loaded, seen=[SEEN._replace(key="new")]))
    assert any_store.load("ana", ["new"]).seen == [None]
    again = change(loaded, seen=[SEEN._replace(key="7-2499")])
    assert isinstance(any_store.commit(again), Known)
    assert isinstance(any_store.commit(change(loaded)), Committed)  # consent, say: it has no id
    both = [any_store.load(name) for name in ("ana", "rui")]
    full, fine = any_store.commit_all([change(one, seen=[SEEN]) for one in both])
    assert isinstance(full, CustomerFull)
    assert isinstance(fine, Committed)
