"""Taking log entries into the archive, exactly once.

A round reads on from where the manifest ends, writes files nobody knows of yet, and makes
the next manifest: files and positions become true together. A writer that dies before that
leaves orphans; one that was overtaken finds its number taken.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class _Taken:
    """What goes into the archive now, how far that brings us, and what nobody can read."""

    rows: list[Row] = field(default_factory=list)
    positions: dict[int, str] = field(default_factory=dict)
    poison: int = 0


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
        taken = self._taken(manifest)
        if not taken.positions:
            return Round({}, taken.poison, None, False)
        self._keep(manifest, taken)
        self._log.advance(READER, taken.positions)
        latest = max(int(entry.partition("-")[0]) for entry in taken.positions.values())
        return Round(Counter(kind_of(row) for row in taken.rows), taken.poison, latest, True)

    def _taken(self, manifest: Manifest) -> _Taken:
        """Some partitions after the others: a record holds the state it was decided from, and
        tens of thousands at once are a hundred megabytes for the collector to walk, often."""
        taken = _Taken()
        for first in range(0, PARTITIONS, _AT_ONCE):
            some = range(first, first + _AT_ONCE)
            after = {of: manifest.positions.get(of, START) for of in some}
            taken.rows += self._rows(self._readable(self._log.read(after, _COUNT), taken))
        return taken

    def _readable(self, entries: Iterable[Entry], taken: _Taken) -> Sequence[tuple[Entry, Record]]:
        """Up to the first entry of each partition that is to be tried again later."""
        records: list[tuple[Entry, Record]] = []
        stuck: set[int] = set()
        for entry in entries:
            if entry.partition in stuck:
                continue
            try:
                records.append((entry, _read(entry)))
            except _UNREADABLE as error:
                if not self._poison.give_up(entry, error):
                    stuck.add(entry.partition)
                    continue
                taken.poison += 1
            taken.positions[entry.partition] = entry.id
        return records

    def _rows(self, records: Sequence[tuple[Entry, Record]]) -> list[Row]:
        """The rows of customers there are, and of those never stored. Whoever is erased after
        this was asked has a marker."""
        names = self._log.subjects({customer_of(record) for _, record in records})
        nobody = self._erased.pending() | {""}
        known = self._known()
        named = ((*one, _subject(one[1], names)) for one in records)
        made = (rows_of(*one, known, self._key) for one in named if one[2] not in nobody)
        return list(chain.from_iterable(made))

    def _keep(self, manifest: Manifest, taken: _Taken) -> None:
        fresh = [
            self._shelf.write(kind, day, 0, to_table(kind, some))
            for (kind, day), some in by_file(taken.rows).items()
        ]
        self._manifests.commit(
            replace(
                manifest,
                version=manifest.version + 1,
                positions={**manifest.positions, **taken.positions},
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
