"""Many processes, few customers, a cap of k: exactly k winners each."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from engine.change import Committed, Conflict, Loaded
from engine.codec import pack_contacts
from engine.domain import Contact, Contacts, Label
from engine.store import Store, open_store
from tests.processes import on_stage, stage, stands
from tests.store.builders import change

PROCESSES = 8
CAPACITY = 7
HOT = ("ana", "rui", "eva")
ROUNDS = 3


def with_one_more(loaded: Loaded) -> bytes:
    rows = (*loaded.state.contacts.rows, Contact(loaded.now, 0, "d"))
    return pack_contacts(Contacts((Label("offer", "offer", "", "web", "hero"),), rows))


def win(store: Store, seen: Loaded) -> bool:
    """Commit what was decided; when someone was quicker, decide again from what is there now."""
    while len(seen.state.contacts.rows) < CAPACITY:
        answer = store.commit(change(seen, sections={"contacts": with_one_more(seen)}))
        if isinstance(answer, Committed):
            return True
        assert isinstance(answer, Conflict)
        seen = answer.loaded
    return False


def win_naively(store: Store, seen: Loaded) -> bool:
    """The planted bug: check once, then write whatever has happened since."""
    if len(seen.state.contacts.rows) >= CAPACITY:
        return False
    while True:
        answer = store.commit(change(seen, sections={"contacts": with_one_more(seen)}))
        if isinstance(answer, Committed):
            return True
        assert isinstance(answer, Conflict)
        seen = answer.loaded


def compete(url: str, data: Path, naive: bool) -> Counter[str]:
    act = win_naively if naive else win
    won: Counter[str] = Counter()
    with open_store(url, data, timeout=10) as store:
        for name in HOT * ROUNDS:
            seen = store.load(name)
            stands().line.wait(120)  # so that all of them look at once
            won[name] += act(store, seen)
    return won


def race(url: str, data: Path, naive: bool) -> Counter[str]:
    jobs = [(url, data, naive)] * PROCESSES
    with on_stage(compete, jobs, stage(PROCESSES)) as running:
        return sum((one.result() for one in running), Counter())


def test_a_cap_of_k_has_exactly_k_winners_however_many_processes(
    server_url: str, tmp_path: Path
) -> None:
    assert race(server_url, tmp_path, naive=False) == dict.fromkeys(HOT, CAPACITY)


def test_the_same_race_catches_a_check_that_is_not_part_of_the_commit(
    server_url: str, tmp_path: Path
) -> None:
    won = race(server_url, tmp_path, naive=True)
    assert all(won[name] > CAPACITY for name in HOT)
