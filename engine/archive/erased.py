"""Subjects whose customer was erased: hidden from every read at once, dropped from the files
by compaction.

A marker is written before the customer's hash goes, so that no row can slip in between. It
holds a random name that leads to nobody any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from engine.files import own_directory, write_once


class Erased:
    """The markers in a data directory; made without a word of what the archive is written with."""

    def __init__(self, data: Path) -> None:
        self._home = data / "archive" / "erased"

    def forget(self, subjects: Iterable[str]) -> None:
        """Hide these subjects' rows from now on."""
        own_directory(self._home)
        for subject in subjects:
            write_once(self._home / subject, b"")

    def pending(self) -> frozenset[str]:
        """Subjects whose rows may still be in the files."""
        if not self._home.exists():
            return frozenset()
        return frozenset(path.name for path in self._home.iterdir() if path.name[0] != ".")

    def done(self, subjects: Iterable[str]) -> None:
        """No file holds these any more."""
        for subject in subjects:
            (self._home / subject).unlink(missing_ok=True)
