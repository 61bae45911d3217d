"""Erasing a customer everywhere, with a proof (I12)."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol
from uuid import uuid4

import msgspec
import structlog

from engine import record
from engine.change import Entry
from engine.partitions import partition_of
from engine.record import DecisionRecord, Record
from engine.services.holdings import Holdings, Person, theirs
from engine.services.ports import Pointing
from engine.services.quarantine import Quarantine
from engine.services.tombstones import Proof, Tombstone, Tombstones
from engine.wire.privacy import (
    ProofReply,
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


class Privacy:
    """`DELETE /v1/customers/{id}`, and erasures done again after a restore."""

    def __init__(
        self,
        held: Holdings,
        erasing: Erasing,
        tombstones: Tombstones,
        archived: Archived,
        pointing: Pointing,
        quarantine: Quarantine,
    ) -> None:
        self._held = held
        self._erasing = erasing
        self._tombstones = tombstones
        self._archived = archived
        self._pointing = pointing
        self._quarantine = quarantine

    def erase(self, customer_id: str) -> ProofReply:
        """Erase everywhere, under every id the customer had; done again, the same proof.

        A change that arrives meanwhile finds a customer never heard of.
        """
        person = self._held.of(customer_id)
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
            self._forget(self._held.of(customer_id))
        self._mark(missing.values())
        _log.warning("erasures done again", tombstones=len(missing), customers=len(back))

    def _forget(self, person: Person) -> Counter[str]:
        """The archive and the log first, the customer next, then what was logged meanwhile."""
        self._archived.forget(person.subjects)
        erased = Counter(archive_subjects=len(person.subjects))
        erased["identities"] = sum(map(self._unpoint, person.loaded.state.identities))
        erased["set_aside"] = self._forget_set_aside(person)
        self._forget_entries(person.entries, erased)
        for one in person.ids:
            customers, seen = self._erasing.forget(one, person.loaded.now)
            erased.update(customers=customers, idempotency_keys=seen)
        last = {entry.partition: entry.id for entry, _ in person.entries}
        for partition in {partition_of(one) for one in person.ids}:
            since = self._erasing.log(partition, last.get(partition, ""))
            self._forget_entries(theirs(since, person.ids), erased)
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

    def _unpoint(self, identity: str) -> int:
        """The identity leads to nobody any more; how many (0 or 1) it led to."""
        held = self._pointing.pointer(identity)
        while held is not None and not self._pointing.point(identity, held, None):
            held = self._pointing.pointer(identity)  # it changed meanwhile
        return held is not None

    def _forget_set_aside(self, person: Person) -> int:
        """Events that could not be taken in, where they name this customer."""
        named = [one.partition(":")[2] for one in person.loaded.state.identities]
        words = [json.dumps(one, ensure_ascii=False).lower() for one in (*person.ids, *named)]
        about = [
            name
            for name, one in self._quarantine.all()
            if any(word in _legible(one.event) for word in words)
        ]
        self._quarantine.drop(about)
        return len(about)

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


def _legible(event: bytes) -> str:
    """An event as sent, in small letters, nothing in it escaped."""
    try:
        return msgspec.json.encode(msgspec.json.decode(event)).decode().lower()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return event.decode(errors="replace").lower()


def _reply(proof: Proof) -> ProofReply:
    return ProofReply(proof.proof_id, proof.at, proof.erased, proof.tombstones)
