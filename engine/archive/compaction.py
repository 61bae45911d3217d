"""Fewer, larger files, and none with an erased customer; both are one more manifest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import replace

from engine.archive.erased import Erased
from engine.archive.manifest import Kind, Manifest, Manifests, Part
from engine.archive.shelf import Shelf

FAN = 16
"""This many files of one kind, date and level become one of the next level."""

MOST_ROWS = 2_000_000
"""A merge holds its rows in memory: files beyond this together are left as they are."""

GRACE = timedelta(hours=1)
"""How old a file nobody names must be: a younger one may be about to be named."""

_ORDER = [("subject", "ascending"), ("at", "ascending"), ("entry", "ascending")]


class Compaction:
    """Keeps an archive in order. What it does, readers never see half of."""

    def __init__(self, shelf: Shelf, data: Path) -> None:
        self._shelf = shelf
        self._manifests = Manifests(data)
        self._erased = Erased(data)

    def merge(self) -> int:
        """Merge every group that is due; how many files that spared. Raises Overtaken."""
        manifest = self._manifests.latest(self._shelf.place)
        due = list(_due(manifest))
        merged = [self._merged(group) for group in due]
        if due:
            gone = {part for group in due for part in group}
            self._commit(manifest, gone, merged)
        return sum(map(len, due)) - len(due)

    def drop_erased(self) -> int:
        """Write files with erased subjects anew, without them; how many rows went.

        A manifest is made even when there were none, so that a writer that asked before the
        erasure is overtaken. Raises Overtaken.
        """
        subjects = self._erased.pending()
        if not subjects:
            return 0
        manifest = self._manifests.latest(self._shelf.place)
        held = [part for part in manifest.parts if self._holds(part, subjects)]
        cleaned = [self._without(part, subjects) for part in held]
        self._commit(manifest, set(held), [part for part in cleaned if part.rows])
        self._erased.done(subjects)
        return sum(part.rows for part in held) - sum(part.rows for part in cleaned)

    def sweep(self, grace: timedelta = GRACE) -> int:
        """Remove files the manifest does not name; how many. Readers take the newer ones then."""
        manifest = self._manifests.latest(self._shelf.place)
        return self._shelf.sweep({part.path for part in manifest.parts}, grace)

    def _merged(self, group: Sequence[Part]) -> Part:
        kind, day, level = group[0].kind, group[0].day, group[0].level
        rows = self._shelf.dataset(kind, group).to_table(use_threads=False)
        return self._shelf.write(kind, day, level + 1, rows.sort_by(_ORDER))

    def _holds(self, part: Part, subjects: Collection[str]) -> bool:
        rows = self._shelf.dataset(part.kind, [part])
        return bool(rows.count_rows(filter=_among(subjects), use_threads=False))

    def _without(self, part: Part, subjects: Collection[str]) -> Part:
        rows = self._shelf.dataset(part.kind, [part])
        left = rows.to_table(filter=~_among(subjects), use_threads=False)
        return self._shelf.write(part.kind, part.day, part.level, left)

    def _commit(self, manifest: Manifest, gone: Collection[Part], fresh: Sequence[Part]) -> None:
        stay = [part for part in manifest.parts if part not in gone]
        version = manifest.version + 1
        self._manifests.commit(replace(manifest, version=version, parts=(*stay, *fresh)))


def _due(manifest: Manifest) -> Iterator[list[Part]]:
    groups: defaultdict[tuple[Kind, str, int], list[Part]] = defaultdict(list)
    for part in manifest.parts:
        groups[part.kind, part.day, part.level].append(part)
    for group in groups.values():
        if len(group) >= FAN and sum(part.rows for part in group) <= MOST_ROWS:
            yield group


def _among(subjects: Collection[str]) -> pc.Expression:
    return pc.field("subject").isin(pa.array(sorted(subjects)))
