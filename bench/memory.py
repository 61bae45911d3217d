"""Bytes a customer takes in the store."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from redis import Redis

from bench.figures import Figure, figure
from bench.floor import customer_id
from bench.server import populate
from engine.change import Change
from engine.codec import pack_contacts, pack_events
from engine.domain import Action, Contacts, CustomerState, Events, Interaction
from engine.memory.contacts import remember_contacts
from engine.memory.interactions import remember_event
from engine.partitions import partition_of
from engine.store import open_store
from engine.store.embedded import embedded_server
from engine.store.keys import customer_key

KILOBYTES = 4.0
SAMPLE = 200
YEARS = 3
DAY = 24 * 3600 * 1000
WINDOW = 30 * DAY


def measure() -> Iterator[Figure]:
    """A customer with 50 interactions and with 5,000, as Redis itself counts: all of them within
    the longest window, and 5,000 over three years, which is how we come to know a customer."""
    with (
        tempfile.TemporaryDirectory() as directory,
        embedded_server(Path(directory)) as url,
        open_store(url, Path(directory)) as store,
        Redis.from_url(url) as redis,
    ):
        now = time.time_ns() // 1_000_000
        for interactions, most in ((50, KILOBYTES), (5_000, None)):
            samples = []
            for number in range(SAMPLE if interactions == 50 else 3):
                name = f"{customer_id(number)}-{interactions}"
                populate(store, name, interactions, now)
                samples.append(_kilobytes(redis, name))
            yield figure(f"a customer with {interactions:,} interactions", samples, "KB", most)
        state = _lived(now)
        sections = {
            "contacts": pack_contacts(state.contacts),
            "events": pack_events(state.events),
        }
        store.commit(Change("lived", 0, sections, now, b"", None, DAY))
        name = f"a customer with 5,000 interactions over {YEARS} years, {WINDOW // DAY} days kept"
        yield figure(name, [_kilobytes(redis, "lived")], "KB")


def _kilobytes(redis: Redis, name: str) -> float:
    held = redis.memory_usage(customer_key(partition_of(name), name), samples=0)
    return (held or 0) / 1024


def _lived(now: int) -> CustomerState:
    """A contact and what came of it, 2,500 times, taken in one after the other."""
    contacts, events = Contacts(), Events()
    for number in range(2_500):
        at = now - (2_499 - number) * YEARS * 365 * DAY // 2_500
        action = Action(f"action-{number % 12:05}", "offer", f"g{number % 20}", "marketing")
        said = Interaction("m", "impression", at, "d", action.id, "home.hero", "web")
        taken = [(action, "web", "home.hero")]
        contacts = remember_contacts(contacts, taken, f"{number:032x}", at, 0, "", at - WINDOW)
        events = remember_event(events, said, action, at - WINDOW)
    return CustomerState("lived", contacts=contacts, events=events)
