"""The partitions' logs, read on from wherever the learner has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol

from engine.change import Entry
from engine.partitions import PARTITIONS
from engine.progress import START

READER = "learner"

_AT_ONCE = 64  # partitions asked in one question
_COUNT = 32  # entries of a partition in one answer


class Logs(Protocol):
    """The partitions' logs, see `engine.store.log`."""

    def read(self, after: Mapping[int, str], count: int, until: str = "+") -> list[Entry]: ...
    def decisions(self, ids: Collection[str]) -> dict[str, Entry]: ...
    def advance(self, reader: str, positions: Mapping[int, str]) -> None: ...


def read_on(logs: Logs, after: Mapping[int, str], until: str = "+") -> Iterator[list[Entry]]:
    """The next entries `after` these positions, from `_AT_ONCE` partitions at a time; nothing from
    partitions that have no more. Raises StoreUnavailable."""
    for first in range(0, PARTITIONS, _AT_ONCE):
        some = {of: after.get(of, START) for of in range(first, first + _AT_ONCE)}
        if entries := logs.read(some, _COUNT, until):
            yield entries


def each(entries: Sequence[Entry], renew: Callable[[], None]) -> Iterator[Entry]:
    """One after the other, the lease renewed before each."""
    for entry in entries:
        renew()
        yield entry


def full(entries: Sequence[Entry]) -> bool:
    """Whether a partition gave as many as were asked for, so that there may be more."""
    return max(Counter(entry.partition for entry in entries).values()) >= _COUNT
