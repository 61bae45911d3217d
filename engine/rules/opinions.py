"""What every kind of contact policy is: it reads a customer, then has an opinion of a request.

`capping.py`, `resting.py` and `hushing.py` are the kinds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from operator import attrgetter
from typing import Protocol

from msgspec import Struct

from engine.domain import Contacts, EventLabel, Knockout, Label, Value
from engine.rules.selecting import Selection
from engine.rules.windows import Window

_AT = attrgetter("at")


class Portrait(Struct, frozen=True):
    """A customer, read once for all policies; `outcomes` says when each that rests something
    last happened."""

    memory: Contacts
    outcomes: list[tuple[EventLabel, int]]
    false: Collection[int]
    customer: Mapping[str, Value]
    now: int

    def reaches(self, most: int, window: Window) -> bool:
        """Whether there are `most` contacts in `window`, those on a hold that expired included."""
        rows = self.memory.rows
        if not 0 < most <= len(rows):
            return most <= 0
        return rows[-most].at >= window.start(self.now)

    def counted(self, window: Window) -> dict[int, int]:
        """How many contacts in `window` count, by the number of their label."""
        rows, now = self.memory.rows, self.now
        counts: dict[int, int] = {}
        for row in rows[bisect_left(rows, window.start(now), key=_AT) :]:
            if not row.until or row.until > now:
                number = row.label
                counts[number] = counts.get(number, 0) + 1
        return counts


class Opinion(Protocol):
    """What one policy says to one request, so far."""

    def knockout(self, placement: str) -> Knockout | None: ...
    def take(self, label: Label) -> None: ...


class Prepared(Protocol):
    """One policy made ready for a catalogue; `read` gives None when it has nothing to say."""

    @property
    def selection(self) -> Selection: ...
    def read(self, portrait: Portrait, channel: str) -> Opinion | None: ...
