"""Log entries that cannot be read: set aside after some tries, so that the others go on.

A newer Teller beside this one may have written them, hence the tries. Only what and where
is noted, since a stranger's entry may hold anything; the entry itself stays in the log.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from engine.change import Entry
from engine.files import own_directory, write_once

TRIES = 3


class Poison:
    """The notes in a data directory, one file an entry."""

    def __init__(self, data: Path) -> None:
        self._home = data / "archive" / "poison"
        self._tries: Counter[tuple[int, str]] = Counter()

    def give_up(self, entry: Entry, error: Exception) -> bool:
        """Whether this entry was tried often enough; then it is noted."""
        key = (entry.partition, entry.id)
        self._tries[key] += 1
        if self._tries[key] < TRIES:
            return False
        del self._tries[key]
        own_directory(self._home)
        note = {
            "partition": entry.partition,
            "entry": entry.id,
            "bytes": len(entry.data),
            "error": type(error).__name__,
        }
        path = self._home / f"p{entry.partition:03d}-{entry.id}.json"
        write_once(path, msgspec.json.encode(note))
        return True
