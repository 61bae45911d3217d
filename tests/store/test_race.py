"""Many processes, few customers, a cap of k: exactly k winners each."""

from __future__ import annotations

from collections import Counter
from multiprocessing import get_context
from pathlib import Path

from engine.domain import Contact, Contacts, Label
from engine.store import Committed, Conflict, Loaded, Store, open_store
from engine.store.codec import pack_contacts
from tests.store.builders import change

PROCESSES = 8
CAPACITY = 7
HOT = ("ana", "rui", "eva")
ATTEMPTS = 12


def with_one_more(loaded: Loaded) -> bytes:
    rows = (*loaded.state.contacts.rows, Contact(loaded.now, 0, "d"))
    return pack_contacts(Contacts((Label("offer", "offer", "", "web", "hero"),), rows))


def win(store: Store, customer_id: str) -> bool:
    """Look, decide, commit; when someone was quicker, decide again from what is there now."""
    loaded = store.load(customer_id)
    while len(loaded.state.contacts.rows) < CAPACITY:
        answer = store.commit(change(loaded, sections={"contacts": with_one_more(loaded)}))
        if isinstance(answer, Committed):
            return True
        assert isinstance(answer, Conflict)
        loaded = answer.loaded
    return False


def win_naively(store: Store, customer_id: str) -> bool:
    """The planted bug: act on what was seen, whatever has happened since."""
    loaded = store.load(customer_id)
    if len(loaded.state.contacts.rows) >= CAPACITY:
        return False
    newest = store.load(customer_id)
    sections = {"contacts": with_one_more(newest)}
    answer = store.commit(change(newest, sections=sections))
    while isinstance(answer, Conflict):
        newest = answer.loaded
        sections = {"contacts": with_one_more(newest)}
        answer = store.commit(change(newest, sections=sections))
    return True


def compete(url: str, data: Path, naive: bool) -> Counter[str]:
    attempt = win_naively if naive else win
    won: Counter[str] = Counter()
    with open_store(url, data, timeout=5) as store:
        for _ in range(ATTEMPTS):
            won.update(name for name in HOT if attempt(store, name))
    return won


def race(url: str, data: Path, naive: bool) -> Counter[str]:
    with get_context("spawn").Pool(PROCESSES) as pool:
        each = pool.starmap(compete, [(url, data, naive)] * PROCESSES, chunksize=1)
    return sum(each, Counter())


def test_a_cap_of_k_has_exactly_k_winners_however_many_processes(
    server_url: str, tmp_path: Path
) -> None:
    assert race(server_url, tmp_path, naive=False) == dict.fromkeys(HOT, CAPACITY)


def test_the_same_race_catches_a_check_that_is_not_part_of_the_commit(
    server_url: str, tmp_path: Path
) -> None:
    won = race(server_url, tmp_path, naive=True)
    assert max(won.values()) > CAPACITY
