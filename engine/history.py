"""What a customer's past says, as conditions and features ask it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Literal, get_args

from engine.domain import EventLabel, Events

MS_PER_DAY = 86_400_000

Filter = Literal["action", "group", "kind", "channel", "topic"]
FILTERS: tuple[Filter, ...] = get_args(Filter)
"""What a question may be narrowed by."""

_TOPIC = attrgetter("topic")


class History:
    """A view of the customer's interactions as of `now` (milliseconds since the epoch).

    Nothing is prepared in advance: a question looks at the few labels, and at rows only
    when it asks about a window of time.
    """

    __slots__ = ("_events", "_now")

    def __init__(self, events: Events, now: int) -> None:
        self._events = events
        self._now = now

    def count(
        self,
        type: str,
        *,
        action: str | None = None,
        group: str | None = None,
        kind: str | None = None,
        channel: str | None = None,
        topic: str | None = None,
        within: int | None = None,
    ) -> int:
        """How often `type` happened in the last `within` milliseconds, or ever.

        A window is half open: what happened exactly `within` ago no longer counts.
        """
        labels = list(self._matching(type, action, group, kind, channel, topic))
        if not labels:
            return 0
        if within is None:
            return sum(self._events.tallies[label].count for label in labels)
        rows = self._events.rows
        first = bisect_right(rows, self._now - within, key=lambda row: row.at)
        last = bisect_right(rows, self._now, lo=first, key=lambda row: row.at)
        return sum(row.label in labels for row in rows[first:last])

    def days_since(
        self,
        type: str,
        *,
        action: str | None = None,
        group: str | None = None,
        kind: str | None = None,
        channel: str | None = None,
        topic: str | None = None,
    ) -> float:
        """Days of 24 hours since `type` last happened; infinite when it never did."""
        tallies = self._events.tallies
        labels = self._matching(type, action, group, kind, channel, topic)
        last = max((tallies[label].last for label in labels), default=None)
        return math.inf if last is None else max(self._now - last, 0) / MS_PER_DAY

    def open(self, topic: str) -> bool:
        """Whether the customer is waiting for something of that topic."""
        return topic in map(_TOPIC, self._events.open)

    def _matching(self, type: str, *fields: str | None) -> Iterator[int]:
        for index, label in enumerate(self._events.labels):
            if label.type == type and _fits(label, fields):
                yield index


def _fits(label: EventLabel, fields: tuple[str | None, ...]) -> bool:
    held = (label.action, label.group, label.kind, label.channel, label.topic)
    return all(wanted is None or wanted == has for wanted, has in zip(fields, held, strict=True))
