"""Which tombstones the store has heard of: one it has not tells that a backup was restored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from engine import record
from engine.change import Entry
from engine.services.privacy.lines import Latest, Tombstone
from engine.services.privacy.tombstones import Tombstones


class Marking(Protocol):
    """The store's marks of tombstones, and whom it speaks of."""

    def log(self, partition: int, after: str = "") -> Iterator[Entry]: ...
    def customers(self) -> Iterator[str]: ...
    def mark(self, partition: int, tombstone: str, proof_id: str) -> None: ...
    def marks(self, partition: int, tombstones: Sequence[str]) -> list[str | None]: ...


class Marks:
    """A mark a tombstone, set once the customer is gone. Every verb raises as the store.

    `latest` are the file's tombstones: who asks often has them read once, and then what is new.
    """

    def __init__(self, store: Marking, tombstones: Tombstones) -> None:
        self._store = store
        self._tombstones = tombstones

    def put(self, stones: Iterable[Tombstone], latest: Latest) -> None:
        """The store has heard of these. Of two erasures of one customer at once the later has the
        last word, or the next start would erase again who came back since."""
        with self._tombstones.lasting(stones, latest) as last:
            for stone in last:
                self._store.mark(stone.partition, stone.hash, stone.proof_id)

    def lack(self, stone: Tombstone, latest: Latest) -> bool:
        """Whether the store has heard neither of it nor of a later one of that customer."""
        with self._tombstones.lasting([stone], latest) as last:
            return bool(last) and self._store.marks(stone.partition, [stone.hash]) != [
                stone.proof_id
            ]

    def missing(self, latest: Latest) -> dict[str, Tombstone]:
        """The tombstones the store has not heard of, by hash."""
        by_partition: defaultdict[int, list[Tombstone]] = defaultdict(list)
        for stone in latest.by_hash().values():
            by_partition[stone.partition].append(stone)
        missing = {}
        for partition, stones in by_partition.items():
            marks = self._store.marks(partition, [stone.hash for stone in stones])
            for stone, mark in zip(stones, marks, strict=True):
                if mark != stone.proof_id:
                    missing[stone.hash] = stone
        return missing

    def back(self, missing: Mapping[str, Tombstone]) -> dict[str, Tombstone]:
        """Whom of those missing the store knows again, by id."""
        hash_of = self._tombstones.hash_of
        known = self._everybody(missing)
        return {one: stone for one in known if (stone := missing.get(hash_of(one)))}

    def _everybody(self, missing: Mapping[str, Tombstone]) -> set[str]:
        """All customers, and all that the logs where someone is missing speak of."""
        everybody = set(self._store.customers())
        for partition in {stone.partition for stone in missing.values()}:
            for entry in self._store.log(partition):
                if told := record.legible(entry.data):
                    everybody.add(record.customer_of(told))
        return everybody
