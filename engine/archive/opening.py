"""The archive of a data directory, put together for who keeps it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from engine.archive.compaction import Compaction
from engine.archive.reading import Archive
from engine.archive.shelf import Shelf, usable
from engine.archive.writer import Round, Streams, Writer
from engine.facts import Disclosed

SWEEP = 3600.0  # seconds; a reader has this long for files that were merged meanwhile


class Keeping:
    """All that is to be done for an archive. Every verb raises ArchiveUnusable when its files
    cannot be used, Overtaken when another process did it first."""

    def __init__(
        self,
        log: Streams,
        data: Path,
        place: str,
        known: Callable[[], Disclosed],
        key: bytes,
    ) -> None:
        """`known`: what the values of may be kept; `key` digests ids."""
        shelf = Shelf(data, place)
        self._writer = Writer(log, shelf, data, known, key)
        self._compaction = Compaction(shelf, data)
        self._swept = time.monotonic()
        self.reading = Archive(data)

    def register(self) -> None:
        """From now on the logs keep what is not in the archive."""
        self._writer.register()

    def round(self) -> Round:
        """Take in what was logged since."""
        with usable():
            return self._writer.round()

    def tidy(self) -> None:
        """Merge small files, drop erased customers, remove what nobody needs."""
        with usable():
            self._compaction.drop_erased()
            self._compaction.merge()
            if time.monotonic() - self._swept >= SWEEP:
                self._swept = time.monotonic()
                self._compaction.sweep()
