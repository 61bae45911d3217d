"""Customers whose every interaction is numbered, so that none can be lost or doubled unseen."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import redis
from msgspec.structs import replace

from engine import record
from engine.archive.opening import Keeping
from engine.archive.reading import Archive
from engine.change import Change, Committed
from engine.codec import pack_attributes
from engine.domain import Interaction
from engine.facts import Disclosed
from engine.files import kept_key
from engine.partitions import new_decision_id, partition_of
from engine.plan import Chosen, DecisionRequest, Filled, PlacementAsk, Plan
from engine.record import CustomerRecord, DecisionRecord, InteractionRecord, Record
from engine.rows import digest_of
from engine.store import Store
from engine.store.keys import customer_key, log_key

KNOWN = Disclosed(frozenset({"plan"}), frozenset({"page"}), features=True)
DAY = 24 * 3600 * 1000
PLAIN = {"attributes": pack_attributes({"plan": "basic"})}


@dataclass
class House:
    """A store, its data directory, and writing to its logs as the services do."""

    store: Store
    url: str
    data: Path
    names: dict[str, str] = field(default_factory=dict)

    def keeping(self, place: str = "") -> Keeping:
        """An archive writer of its own."""
        return Keeping(self.store.log, self.data, place, lambda: KNOWN, self.key)

    @property
    def key(self) -> bytes:
        """What ids are digested under."""
        return kept_key(self.data, "archive")

    @property
    def archive(self) -> Archive:
        """The archive as anyone reads it."""
        return Archive(self.data)

    def write(self, customer: str, *records: Record, decision_id: str | None = None) -> None:
        """One commit with these records."""
        loaded = self.store.load(customer)
        entries = [record.encode(one) for one in records]
        change = Change(
            customer,
            loaded.state.revision,
            PLAIN,
            loaded.now,
            entries[0],
            decision_id,
            DAY,
            (),
            entries[1:],
        )
        assert isinstance(self.store.commit(change), Committed)

    def tell(self, customer: str, *ids: str, at: int | None = None) -> None:
        """Free interactions with these ids, in one commit."""
        now = self.store.load(customer).now
        self._name(customer, *ids)
        said = [Interaction(id, "visit", now if at is None else at, channel="web") for id in ids]
        self.write(customer, *(InteractionRecord(customer, one, None, now) for one in said))

    def decide(self, customer: str, at: int | None = None) -> str:
        """A decision for home.hero; its id."""
        entry = decision(customer, at or self.store.load(customer).now)
        self.write(customer, entry, decision_id=entry.decision_id)
        return entry.decision_id

    def decide_for_nobody(self, customer: str) -> str:
        """A decision for a customer never stored, who leaves none behind; its id."""
        entry = replace(decision(customer, self.store.load(customer).now), revision=0)
        self.append(customer, record.encode(entry))
        return entry.decision_id

    def answer(self, customer: str, decision_id: str, type: str) -> str:
        """An outcome of a decision; its id."""
        now = self.store.load(customer).now
        id = f"{decision_id}-{type}"
        self._name(customer, id)
        said = Interaction(id, type, now, decision_id, "fibre", "home.hero", "web")
        self.write(customer, InteractionRecord(customer, said, 1.0, now))
        return id

    def change(self, customer: str, **attributes: str) -> None:
        """Attributes told."""
        now = self.store.load(customer).now
        self.write(customer, CustomerRecord(customer, {**attributes}, {}, "api", now))

    def subject(self, customer: str) -> str:
        """The archive's name for a customer."""
        return self.store.load(customer).state.subject

    def log_of(self, customer: str) -> list[str]:
        """The entries' ids of a customer's partition."""
        with redis.Redis.from_url(self.url) as client:
            return [id.decode() for id, _ in client.xrange(log_key(partition_of(customer)))]

    def append(self, customer: str, data: bytes) -> None:
        """An entry of nobody's making."""
        with redis.Redis.from_url(self.url) as client:
            client.xadd(log_key(partition_of(customer)), {"r": data})

    def erase(self, customer: str) -> None:
        """As erasure does: the marker first, then the customer."""
        self.archive.erased.forget([self.subject(customer)])
        with redis.Redis.from_url(self.url) as client:
            client.delete(customer_key(partition_of(customer), customer))

    def redirect(self, loser: str, survivor: str) -> None:
        """As a merge leaves the loser."""
        with redis.Redis.from_url(self.url) as client:
            key = customer_key(partition_of(loser), loser)
            client.delete(key)
            client.hset(key, "redirect", survivor)

    def ids(self) -> Counter[str]:
        """How often each interaction is in the archive."""
        return Counter(self.told(self.archive.interactions(columns=["id"])))

    def told(self, interactions: pa.Table) -> list[str]:
        """The ids the rows were told with."""
        return self.named(interactions.column("id").to_pylist())

    def named(self, ids: Iterable[str]) -> list[str]:
        """What was told by these names of the archive, in order."""
        return sorted(self.names[id] for id in ids)

    def _name(self, customer: str, *ids: str) -> None:
        self.names.update((digest_of(customer, id, self.key), id) for id in ids)


def decision(customer: str, now: int) -> DecisionRecord:
    """A decision that offered one action on the home page."""
    made = new_decision_id(customer, now, os.urandom(8))
    chosen = Chosen("fibre", "offer", "hero", 1, {}, 0.1, 10.0, 1.0, 0.5)
    request = DecisionRequest(customer, "web", (PlacementAsk("home.hero"),))
    plan = Plan(made, (Filled("home.hero", False, (chosen,)),), features=(1.0, 2.0))
    return DecisionRecord(made, request, {}, 1, now, "sha256:c", {"propensity": "m"}, plan)


def keep_all(keeping: Keeping) -> int:
    """Rounds until nothing is left; how many rows."""
    rows = 0
    while (done := keeping.round()).more:
        rows += sum(done.rows.values())
    return rows
