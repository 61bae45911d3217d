"""Taking log entries into the archive, exactly once.

A round reads on from where the manifest ends, writes files nobody knows of yet, and makes
the next manifest: files and positions become true together. A writer that dies before that
leaves orphans; one that was overtaken finds its number taken.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from engine.archive.erased import Erased
from engine.archive.manifest import Kind, Manifest, Manifests
from engine.archive.poison import Poison
from engine.archive.shelf import Shelf
from engine.archive.tables import by_file, kind_of, to_table
from engine.change import Entry
from engine.facts import Disclosed
from engine.partitions import PARTITIONS
from engine.record import (
    DecisionRecord,
    InteractionRecord,
    Record,
    customer_of,
    decode,
    of_nobody,
)
from engine.rows import Row, day_of, happened_at, rows_of

READER = "archive"
START = "0-0"
_AT_ONCE = 16  # partitions asked in one question
_COUNT = 128  # entries of a partition in one round
_UNREADABLE = (msgspec.DecodeError, ValueError, OverflowError)


class Streams(Protocol):
    """The partitions' logs, see `engine.store.log`."""

    def read(self, after: Mapping[int, str], count: int) -> list[Entry]: ...
    def subjects(self, customer_ids: Collection[str]) -> dict[str, str]: ...
    def advance(self, reader: str, positions: Mapping[int, str]) -> None: ...


class Round(NamedTuple):
    """What a round did: rows written by kind, entries set aside, the time (ms) of the latest
    entry taken in, None when there was none; and whether there may be more to read."""

    rows: Mapping[Kind, int]
    poison: int
    latest: int | None
    more: bool


class _Taken(NamedTuple):
    """What can go into the archive now: entries that can be read, and how far that brings us."""

    records: list[tuple[Entry, Record]]
    positions: dict[int, str]
    poison: int


class Writer:
    """Writes rounds. `known`: what the values of may be kept, `key` digests ids."""

    def __init__(
        self,
        log: Streams,
        shelf: Shelf,
        data: Path,
        known: Callable[[], Disclosed],
        key: bytes,
    ) -> None:
        self._log = log
        self._shelf = shelf
        self._manifests = Manifests(data)
        self._erased = Erased(data)
        self._poison = Poison(data)
        self._known = known
        self._key = key

    def register(self) -> None:
        """From now on nothing is trimmed that is not in the archive."""
        held = self._manifests.latest(self._shelf.place).positions
        self._log.advance(READER, {of: held.get(of, START) for of in range(PARTITIONS)})

    def round(self) -> Round:
        """Take in the next entries of every partition. Raises Overtaken, StoreUnavailable."""
        manifest = self._manifests.latest(self._shelf.place)
        entries = list(self._entries(manifest))
        taken = self._readable(entries)
        if not taken.positions:
            return Round({}, taken.poison, None, False)
        rows = self._rows(taken.records)
        self._keep(manifest, taken.positions, rows)
        self._log.advance(READER, taken.positions)
        latest = max(int(entry.partition("-")[0]) for entry in taken.positions.values())
        return Round(Counter(kind_of(row) for row in rows), taken.poison, latest, True)

    def _entries(self, manifest: Manifest) -> Iterator[Entry]:
        for first in range(0, PARTITIONS, _AT_ONCE):
            some = range(first, first + _AT_ONCE)
            yield from self._log.read(
                {of: manifest.positions.get(of, START) for of in some}, _COUNT
            )

    def _readable(self, entries: Sequence[Entry]) -> _Taken:
        """Up to the first entry of each partition that is to be tried again later."""
        taken = _Taken([], {}, 0)
        stuck: set[int] = set()
        poison = 0
        for entry in entries:
            if entry.partition in stuck:
                continue
            try:
                taken.records.append((entry, _read(entry)))
            except _UNREADABLE as error:
                if not self._poison.give_up(entry, error):
                    stuck.add(entry.partition)
                    continue
                poison += 1
            taken.positions[entry.partition] = entry.id
        return taken._replace(poison=poison)

    def _rows(self, records: Sequence[tuple[Entry, Record]]) -> list[Row]:
        """The rows of customers there are, and of those never stored. Whoever is erased after
        this was asked has a marker."""
        names = self._log.subjects({customer_of(record) for _, record in records})
        nobody = self._erased.pending() | {""}
        known = self._known()
        named = ((*one, _subject(one[1], names)) for one in records)
        made = (rows_of(*one, known, self._key) for one in named if one[2] not in nobody)
        return list(chain.from_iterable(made))

    def _keep(self, manifest: Manifest, positions: Mapping[int, str], rows: Sequence[Row]) -> None:
        fresh = [
            self._shelf.write(kind, day, 0, to_table(kind, some))
            for (kind, day), some in by_file(rows).items()
        ]
        self._manifests.commit(
            replace(
                manifest,
                version=manifest.version + 1,
                positions={**manifest.positions, **positions},
                parts=(*manifest.parts, *fresh),
            )
        )


def _subject(record: Record, names: Mapping[str, str]) -> str:
    """What the archive calls whose record it is, "" for one who is gone.

    Of a customer who was never stored there is nothing to name, or to erase: what was decided for
    them goes by a name of its own, which leads to nobody.
    """
    held = names.get(customer_of(record), "")
    return held or (secrets.token_hex(16) if of_nobody(record) else "")


def _read(entry: Entry) -> Record:
    """The entry's record, if it has a date."""
    record = decode(entry.data)
    if isinstance(record, DecisionRecord | InteractionRecord):
        day_of(happened_at(record))
    return record
