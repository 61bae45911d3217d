"""How far back a cap counts, and what time it is where: sliding and calendar windows, zones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

DAY = 24 * 60 * 60 * 1000


@cache
def zone_names() -> frozenset[str]:
    """Every time zone there is, by its IANA name."""
    return frozenset(available_timezones())


def zone(name: object) -> ZoneInfo | None:
    """The time zone of that name; None when there is no such zone.

    Looked up among the known names first, so that no text of a customer becomes a path.
    """
    return ZoneInfo(name) if isinstance(name, str) and name in zone_names() else None


def local(now: int, where: ZoneInfo) -> datetime:
    """What the clock on the wall reads `where` at `now` (ms)."""
    return datetime.fromtimestamp(now / 1000, where)


@dataclass(frozen=True, slots=True)
class Sliding:
    """The last `length` ms: from just after now − length."""

    length: int

    @property
    def reach(self) -> int:
        """How far back, in ms, this can ever look."""
        return self.length

    def start(self, now: int) -> int:
        """The earliest millisecond that counts."""
        return now - self.length + 1


@dataclass(frozen=True, slots=True)
class Calendar:
    """Today and the `count` − 1 days before it, or this ISO week and the ones before, in `zone`.

    A day begins the first time its local midnight comes, or would have come had the clock
    not jumped over it, and lasts until the next day begins. Weeks begin on Monday.
    """

    count: int
    unit: Literal["day", "week"]
    zone: ZoneInfo
    _last: list[tuple[int, int, int]] = field(
        default_factory=lambda: [(0, 0, 0)], init=False, repr=False, compare=False
    )

    @property
    def reach(self) -> int:
        """How far back, in ms, this can ever look; two days to spare for changes of clock."""
        return (self.count * (7 if self.unit == "week" else 1) + 2) * DAY

    def start(self, now: int) -> int:
        """The earliest millisecond that counts.

        It stays the same all day long, so the day asked about last is kept.
        """
        begins, ends, first = self._last[0]
        if not begins <= now < ends:
            today = self._today(now)
            begins, ends = self._midnight(today), self._midnight(today + timedelta(days=1))
            first = self._midnight(self._first(today))
            self._last[0] = (begins, ends, first)
        return first

    def _first(self, today: date) -> date:
        if self.unit == "day":
            return today - timedelta(days=self.count - 1)
        return today - timedelta(days=today.weekday() + 7 * (self.count - 1))

    def _today(self, now: int) -> date:
        today = local(now, self.zone).date() - timedelta(days=1)
        while self._midnight(today + timedelta(days=1)) <= now:
            today += timedelta(days=1)
        return today

    def _midnight(self, day: date) -> int:
        moment = datetime.combine(day, time(), self.zone).astimezone(UTC)
        return round(moment.timestamp() * 1000)


Window = Sliding | Calendar


def in_words(window: Window) -> str:
    """As a person would say it: `in 7 days`, `in 1 calendar week`."""
    if isinstance(window, Calendar):
        return f"in {window.count} calendar {window.unit}{'s' * (window.count > 1)}"
    for length, unit in ((DAY, "day"), (60 * 60 * 1000, "hour"), (60 * 1000, "minute")):
        if window.length % length == 0:
            count = window.length // length
            return f"in {count} {unit}{'s' * (count > 1)}"
    return f"in {window.length / 1000:g} seconds"
