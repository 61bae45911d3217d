"""What we hold of a customer, all of it; and erasing it everywhere, with a proof (I12)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

import structlog

from engine import record
from engine.change import Entry, Loaded
from engine.codec import unpack
from engine.errors import NotFound
from engine.partitions import partition_of
from engine.record import DecisionRecord, Record
from engine.services.customers import document
from engine.services.ports import Memory, Serving
from engine.services.tombstones import Proof, Tombstone, Tombstones
from engine.wire.privacy import (
    ExportReply,
    ProofReply,
    contacts_told,
    interactions_told,
    plain,
    totals_told,
)
from engine.wire.values import rfc3339

_log = structlog.get_logger()


class Erasing(Protocol):
    """Finding and deleting what the store holds; each may be done twice."""

    def log(self, partition: int, after: str = "") -> Iterator[Entry]: ...
    def customers(self) -> Iterator[str]: ...
    def forget(self, customer_id: str, now: int) -> tuple[int, int]: ...
    def forget_log(self, partition: int, entries: Sequence[str]) -> int: ...
    def forget_decisions(self, partition: int, decision_ids: Sequence[str]) -> int: ...
    def mark(self, partition: int, tombstone: str, proof_id: str) -> None: ...
    def marks(self, partition: int, tombstones: Sequence[str]) -> list[str | None]: ...


class Archived(Protocol):
    """The archive's word for customers to leave out, see `engine.archive.erased`."""

    def forget(self, subjects: Iterable[str]) -> None: ...


@dataclass(slots=True)
class _Person:
    """One customer under all the ids it ever had, the one it has now first."""

    ids: tuple[str, ...]
    loaded: Loaded
    entries: list[tuple[Entry, Record]] = field(default_factory=list)

    @property
    def unknown(self) -> bool:
        return not self.entries and not self.loaded.state.revision and len(self.ids) == 1


class Privacy:
    """`GET …/export`, `DELETE /v1/customers/{id}`, and erasures done again after a restore."""

    def __init__(
        self,
        memory: Memory,
        erasing: Erasing,
        tombstones: Tombstones,
        archived: Archived,
        serving: Serving,
    ) -> None:
        self._memory = memory
        self._erasing = erasing
        self._tombstones = tombstones
        self._archived = archived
        self._serving = serving

    def export(self, customer_id: str) -> ExportReply:
        """Everything held. Raises NotFound when that is nothing."""
        person = self._person(customer_id)
        if person.unknown:
            raise NotFound("nothing is held of this customer")
        state, now = person.loaded.state, person.loaded.now
        live = self._serving.live
        return ExportReply(
            state.customer_id,
            rfc3339(now),
            document(state, live.catalogue, now) if state.revision else None,
            list(state.merged),
            contacts_told(state.contacts),
            interactions_told(state.events),
            totals_told(state.events),
            plain(state.events.open),
            [_told(entry, told) for entry, told in person.entries],
        )

    def erase(self, customer_id: str) -> ProofReply:
        """Erase everywhere, under every id the customer had; done again, the same proof.

        A change that arrives meanwhile finds a customer never heard of.
        """
        person = self._person(customer_id)
        earlier = self._tombstones.proof(customer_id)
        if person.unknown and earlier:
            return _reply(earlier)
        proof_id = uuid4().hex
        stones = [self._tombstones.of(one, proof_id) for one in person.ids]
        self._tombstones.write(*stones)
        erased = self._forget(person)
        self._mark(stones)
        hashes = tuple(stone.hash for stone in stones)
        proof = Proof(proof_id, rfc3339(person.loaded.now), hashes, dict(erased))
        self._tombstones.write(proof)
        return _reply(proof)

    def replay(self) -> None:
        """Erase again whom a restored backup brought back; for every start.

        Raises StoreUnavailable, StateUnknown, Misconfigured.
        """
        missing = self._unmarked()
        if not missing:
            return
        back = [one for one in self._everybody(missing) if self._stone(one, missing)]
        for customer_id in back:
            self._forget(self._person(customer_id))
        self._mark(missing.values())
        _log.warning("erasures done again", tombstones=len(missing), customers=len(back))

    def _person(self, customer_id: str) -> _Person:
        loaded = self._memory.load(customer_id)
        while loaded.redirect:
            loaded = self._memory.load(loaded.redirect)
        ids = dict.fromkeys((loaded.state.customer_id, *loaded.state.merged, customer_id))
        person = _Person(tuple(ids), loaded)
        for partition in sorted({partition_of(one) for one in ids}):
            person.entries.extend(_theirs(self._erasing.log(partition), ids))
        return person

    def _forget(self, person: _Person) -> Counter[str]:
        """The archive and the log first, the customer next, then what was logged meanwhile."""
        state = person.loaded.state
        subjects = {state.subject, *state.formerly} - {""}
        self._archived.forget(subjects)
        erased = Counter(archive_subjects=len(subjects))
        self._forget_entries(person.entries, erased)
        for one in person.ids:
            customers, seen = self._erasing.forget(one, person.loaded.now)
            erased.update(customers=customers, idempotency_keys=seen)
        last = {entry.partition: entry.id for entry, _ in person.entries}
        for partition in {partition_of(one) for one in person.ids}:
            since = self._erasing.log(partition, last.get(partition, ""))
            self._forget_entries(_theirs(since, person.ids), erased)
        return erased

    def _forget_entries(self, found: Iterable[tuple[Entry, Record]], erased: Counter[str]) -> None:
        entries: defaultdict[int, list[str]] = defaultdict(list)
        decisions: defaultdict[int, list[str]] = defaultdict(list)
        for entry, told in found:
            entries[entry.partition].append(entry.id)
            if isinstance(told, DecisionRecord):
                decisions[entry.partition].append(told.decision_id)
        for partition, ids in decisions.items():
            erased["decisions"] += self._erasing.forget_decisions(partition, ids)
        for partition, ids in entries.items():
            erased["log_records"] += self._erasing.forget_log(partition, ids)

    def _mark(self, stones: Iterable[Tombstone]) -> None:
        for stone in stones:
            self._erasing.mark(stone.partition, stone.hash, stone.proof_id)

    def _unmarked(self) -> dict[str, Tombstone]:
        """The tombstones the store has not heard of, by hash."""
        by_partition: defaultdict[int, list[Tombstone]] = defaultdict(list)
        for stone in self._tombstones.latest().values():
            by_partition[stone.partition].append(stone)
        missing = {}
        for partition, stones in by_partition.items():
            marks = self._erasing.marks(partition, [stone.hash for stone in stones])
            for stone, mark in zip(stones, marks, strict=True):
                if mark != stone.proof_id:
                    missing[stone.hash] = stone
        return missing

    def _everybody(self, missing: Mapping[str, Tombstone]) -> set[str]:
        """All customers, and all that the logs where someone is missing speak of."""
        everybody = set(self._erasing.customers())
        for partition in {stone.partition for stone in missing.values()}:
            for entry in self._erasing.log(partition):
                everybody.add(record.customer_of(record.decode(entry.data)))
        return everybody

    def _stone(self, customer_id: str, missing: Mapping[str, Tombstone]) -> Tombstone | None:
        return missing.get(self._tombstones.hash_of(customer_id))


def _theirs(log: Iterable[Entry], ids: Iterable[str]) -> Iterator[tuple[Entry, Record]]:
    """The entries about any of these ids; most others are told by their bytes alone."""
    wanted = set(ids)
    spelled = [one.encode() for one in wanted]
    for entry in log:
        if any(one in entry.data for one in spelled):
            told = record.decode(entry.data)
            if record.customer_of(told) in wanted:
                yield entry, told


def _told(entry: Entry, told: Record) -> dict[str, Any]:
    """A record for people's machines; the state a decision was made from unpacked."""
    document: dict[str, Any] = {"entry": entry.id, **plain(told)}
    if isinstance(told, DecisionRecord):
        document["state"] = plain(unpack(told.request.customer_id, told.state))
    return document


def _reply(proof: Proof) -> ProofReply:
    return ProofReply(proof.proof_id, proof.at, proof.erased, proof.tombstones)
