"""Reading the logs from end to end, who has read how far, and what may be let go."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
import redis

from engine.partitions import PARTITIONS, new_decision_id, partition_of
from engine.store import Store
from engine.store.keys import customer_key, log_key
from tests.store.builders import DAY, change

ANA = partition_of("ana")
EVERY = 250  # entries; whole blocks of them are let go, of a hundred or so


def write(store: Store, customer: str, count: int = 1) -> None:
    for _ in range(count):
        store.commit(change(store.load(customer)))


def later(store: Store, days: int) -> int:
    """That many days from now, on the store's clock."""
    return store.load("ana").now + days * DAY


def test_a_reader_gets_every_entry_once_in_order(any_store: Store) -> None:
    write(any_store, "ana", 5)
    write(any_store, "ben", 2)
    after = dict.fromkeys(range(PARTITIONS), "0-0")
    first = any_store.log.read(after, 3)
    rest = any_store.log.read(after | {entry.partition: entry.id for entry in first}, 100)
    of_ana = [entry.id for entry in (*first, *rest) if entry.partition == ANA]
    assert len(of_ana) == len(set(of_ana)) == 5
    assert len(first) + len(rest) == 7


def test_none_is_read_that_is_later_than_was_asked_for(any_store: Store) -> None:
    write(any_store, "ana", 3)
    first, second, _ = any_store.log.read({ANA: "0-0"}, 10)
    assert any_store.log.read({ANA: "0-0"}, 10, second.id) == [first, second]
    assert not any_store.log.read({ANA: "0-0"}, 10, "1")


def test_decisions_are_found_by_id_wherever_they_are_and_those_gone_are_left_out(
    any_store: Store,
) -> None:
    made = {}
    for customer in ("ana", "ben"):
        loaded = any_store.load(customer)
        id = new_decision_id(customer, loaded.now, os.urandom(8))
        any_store.commit(change(loaded, decision_id=id, entry=customer.encode()))
        made[customer] = id
    gone = new_decision_id("ana", later(any_store, 0), os.urandom(8))
    found = any_store.log.decisions([*made.values(), gone, "no id of ours"])
    assert {id: entry.data for id, entry in found.items()} == {
        made["ana"]: b"ana",
        made["ben"]: b"ben",
    }
    assert found[made["ana"]] == any_store.log.read({ANA: "0-0"}, 10)[0]
    any_store.erasure.forget_log(ANA, [found[made["ana"]].id])
    assert list(any_store.log.decisions(made.values())) == [made["ben"]]
    assert any_store.log.decisions([]) == any_store.log.decisions([gone]) == {}


def test_subjects_follow_redirects_and_leave_out_who_is_gone(store: Store, server_url: str) -> None:
    write(store, "ana")
    with redis.Redis.from_url(server_url) as client:
        client.hset(f"{{p{partition_of('ben'):03d}}}:c:ben", "redirect", "ana")
    subject = store.load("ana").state.subject
    assert store.log.subjects(["ana", "ben", "nobody"]) == {"ana": subject, "ben": subject}


def test_subjects_follow_however_many_merges_of_merges(store: Store, server_url: str) -> None:
    write(store, "ana")
    chain = ["ana", *(f"c-{number}" for number in range(40))]
    with redis.Redis.from_url(server_url) as client:
        for onward, name in pairwise(chain):
            client.hset(f"{{p{partition_of(name):03d}}}:c:{name}", "redirect", onward)
    assert store.log.subjects(["c-39"]) == {"c-39": store.load("ana").state.subject}


def test_redirects_that_lead_in_a_circle_lead_to_nobody(store: Store, server_url: str) -> None:
    with redis.Redis.from_url(server_url) as client:
        for one, other in (("a", "b"), ("b", "c"), ("c", "b")):
            client.hset(customer_key(partition_of(one), one), "redirect", other)
    assert store.log.subjects(["a", "b", "c", "gone"]) == {}


def test_what_a_reader_has_not_read_stays_and_the_rest_goes_by_age(
    any_store: Store,
) -> None:
    write(any_store, "ana", EVERY)
    entries = any_store.log.read({ANA: "0-0"}, 1000)
    any_store.log.advance("archive", {ANA: entries[10].id})
    assert any_store.log.trim(later(any_store, 40), 0).gone <= 11
    any_store.log.advance("archive", {ANA: entries[-1].id})
    assert any_store.log.trim(0, 0) == (0, 0)
    gone = any_store.log.trim(later(any_store, 40), 0)
    assert gone.gone > EVERY / 2
    assert gone.unread == 0


def test_the_slowest_of_several_readers_decides(store: Store) -> None:
    write(store, "ana", EVERY)
    entries = store.log.read({ANA: "0-0"}, 1000)
    store.log.advance("archive", {ANA: entries[-1].id})
    store.log.advance("other", {ANA: "0-0"})
    assert store.log.trim(later(store, 40), 0).gone == 0
    store.log.retire("other")
    assert store.log.trim(later(store, 40), 0).gone > EVERY / 2


def test_without_a_reader_age_alone_decides(store: Store, server_url: str) -> None:
    write(store, "ana", EVERY)
    assert store.log.trim(later(store, -1), later(store, -1)) == (0, 0)
    assert store.log.trim(later(store, 1), 0).gone > EVERY / 2
    with redis.Redis.from_url(server_url) as client:
        assert client.xlen(log_key(ANA)) < 150


def test_past_the_last_age_the_unread_go_too_and_are_counted(store: Store) -> None:
    write(store, "ana", EVERY)
    entries = store.log.read({ANA: "0-0"}, 1000)
    store.log.advance("archive", {ANA: entries[99].id})
    gone = store.log.trim(later(store, 40), later(store, 40))
    left = len(store.log.read({ANA: "0-0"}, 1000))
    assert gone.gone == EVERY - left
    assert gone.unread == EVERY - left - 100


def test_what_was_read_and_then_rested_is_not_counted_as_unread(store: Store) -> None:
    write(store, "ana", EVERY)
    last = store.log.read({ANA: "0-0"}, 1000)[-1]
    store.log.advance("archive", {ANA: last.id})
    assert store.log.trim(later(store, 40), later(store, 40)).unread == 0


@pytest.mark.parametrize("back", ["0-0", "5-3", "7-1"])
def test_a_reader_never_goes_back(store: Store, server_url: str, back: str) -> None:
    store.log.advance("archive", {ANA: "7-2"})
    store.log.advance("archive", {ANA: back})
    with redis.Redis.from_url(server_url) as client:
        assert client.hget(f"{{p{ANA:03d}}}:readers", "archive") == b"7-2"
    store.log.advance("archive", {ANA: "10-0"})
    with redis.Redis.from_url(server_url) as client:
        assert client.hget(f"{{p{ANA:03d}}}:readers", "archive") == b"10-0"


def test_a_lease_has_one_holder_until_it_is_given_back(any_store: Store) -> None:
    assert any_store.log.hold("archive", "one", 60_000)
    assert any_store.log.hold("archive", "one", 60_000)
    assert not any_store.log.hold("archive", "two", 60_000)
    assert not any_store.log.hold("archive", "two", 0)
    assert not any_store.log.hold("archive", "two", 60_000)
    any_store.log.hold("archive", "one", 0)
    assert any_store.log.hold("archive", "two", 60_000)
