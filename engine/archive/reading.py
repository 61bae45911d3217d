"""Reading the archive: tables for people who analyse, rows for the timeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from engine.archive.erased import Erased
from engine.archive.manifest import KINDS, Kind, Manifest, Manifests
from engine.archive.shelf import Shelf, usable
from engine.archive.tables import SCHEMAS, to_rows
from engine.rows import VOID, Row, day_of, start_of

T = TypeVar("T")

_TRIES = 5
_VOIDED = (pc.field("type") == VOID) & (pc.field("decision_id") != "")


class Archive:
    """All that was archived of a data directory, as of the moment of each call.

    `since` and `until` are UTC dates, both included; without them, everything. Rows of erased
    customers are left out. Needs no store: it may be read on another machine that sees the files.
    """

    def __init__(self, data: Path | str) -> None:
        self._data = Path(data)
        self._manifests = Manifests(self._data)
        self.erased = Erased(self._data)

    def decisions(
        self,
        since: date | None = None,
        until: date | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """One row for each action chosen, and for each placement that got its fallback.

        Decisions that are known to have reached nobody are left out.
        """
        nobody = self._table("interactions", since, None, ["decision_id"], _VOIDED)
        seen = ~pc.field("decision_id").isin(nobody.column("decision_id").combine_chunks())
        return self._table("decisions", since, until, columns, seen)

    def interactions(
        self,
        since: date | None = None,
        until: date | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """One row for each interaction, with its reward."""
        return self._table("interactions", since, until, columns, ~_VOIDED)

    def changes(
        self,
        since: date | None = None,
        until: date | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """One row for each change of attributes, consent or identities, and for each merge."""
        return self._table("changes", since, until, columns, None)

    def of_subject(
        self, *subjects: str, since: date | None = None, until: date | None = None
    ) -> dict[Kind, pa.Table]:
        """The rows of these subjects, one table a kind."""
        theirs = pc.field("subject").isin(pa.array(subjects, pa.string()))
        return {kind: self._table(kind, since, until, None, theirs) for kind in KINDS}

    def snapshot(self) -> Snapshot:
        """The archive as it is now, for questions that must agree with each other."""
        manifest = self._manifests.latest()
        return Snapshot(manifest, Shelf(self._data, manifest.place), self.erased.pending())

    def _table(
        self,
        kind: Kind,
        since: date | None,
        until: date | None,
        columns: Sequence[str] | None,
        where: pc.Expression | None,
    ) -> pa.Table:
        first = since.isoformat() if since else ""
        last = until.isoformat() if until else "~"
        return self.consistent(lambda now: now.table(kind, first, last, where, columns))

    def consistent(self, ask: Callable[[Snapshot], T]) -> T:
        """What `ask` makes of a snapshot; of a newer one when compaction took its files away.

        Raises ArchiveUnusable.
        """
        with usable():
            for _ in range(_TRIES - 1):
                try:
                    return ask(self.snapshot())
                except FileNotFoundError:
                    continue
            return ask(self.snapshot())


class Snapshot:
    """The archive at one moment. FileNotFoundError once its files were compacted, an hour on."""

    def __init__(self, manifest: Manifest, shelf: Shelf, erased: Collection[str]) -> None:
        self._manifest = manifest
        self._shelf = shelf
        self._erased = erased

    @property
    def positions(self) -> Mapping[int, str]:
        """The last log entry of each partition that is in; a partition with none is left out."""
        return self._manifest.positions

    @property
    def first(self) -> int | None:
        """When the earliest date there is begins, ms; None where there is nothing."""
        days = [part.day for part in self._manifest.parts]
        return start_of(min(days)) if days else None

    def table(
        self,
        kind: Kind,
        first: str,
        last: str,
        where: pc.Expression | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """The rows of the dates from `first` to `last` that pass `where`."""
        parts = [
            part for part in self._manifest.parts if part.kind == kind and first <= part.day <= last
        ]
        if not parts:
            empty = SCHEMAS[kind].empty_table()
            return empty.select(columns) if columns is not None else empty
        return self._shelf.dataset(kind, parts).to_table(
            columns=columns, filter=self._allowed(where)
        )

    def rows(self, subjects: Collection[str], since: int, until: int) -> list[Row]:
        """What has its place between two times (ms) in these subjects' history, and all answers
        to decisions made between them."""
        first, last = day_of(since), day_of(until)
        theirs = pc.field("subject").isin(pa.array(sorted(subjects), pa.string()))
        made = pc.field("decision_id")
        later = theirs & (made >= f"{since:012x}") & (made < f"{until + 1:012x}")
        answers = self.table("interactions", _after(last), "~", later)
        found = [
            row for kind in KINDS for row in to_rows(kind, self.table(kind, first, last, theirs))
        ]
        return found + to_rows("interactions", answers)

    def _allowed(self, where: pc.Expression | None) -> pc.Expression | None:
        if not self._erased:
            return where
        left = ~pc.field("subject").isin(pa.array(sorted(self._erased), pa.string()))
        return left if where is None else where & left


def _after(day: str) -> str:
    """Sorts after every file of that date, and before the next."""
    return day + "~"
