"""What a watch found, as values: window by window, action by action, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from training.monitoring.performance import Performance
from training.report import Interval

Verdict = Literal["steady", "moved", "alarm"]
"""`moved`: by more than chance, and by less than matters. `alarm`: by more than both."""

RATE, CALIBRATION, AUC = "base rate", "calibration", "AUC"


class Shift(Struct, frozen=True):
    """How far an input, or the propensity, moved: its PSI, and what that exceeds by chance
    only as often as the level of one question says."""

    name: str
    index: float
    chance: float
    verdict: Verdict


class Window(Struct, frozen=True):
    """A stretch of traffic. `since` and `until`: its first and last row's time in ms, or its
    number where the rows have no time. `fallback` and `explored` are shares, None where nobody
    says: of rows, and of the actions shown those that had less than an even chance.
    `performance` is None where no answer is known yet, `verdicts` has what was asked of it."""

    rows: int
    customers: int
    since: int
    until: int
    fallback: Interval | None
    explored: Interval | None
    performance: Performance | None
    shifts: tuple[Shift, ...] = ()
    verdicts: dict[str, Verdict] = {}

    def of(self, name: str) -> Shift | None:
        """The shift of a column."""
        return next((shift for shift in self.shifts if shift.name == name), None)


class ActionFigures(Struct, frozen=True):
    """An action after the reference, of the rows whose answer is known: what was promised and
    answered, and what it had been in the reference (None: not shown there). `verdict` is on what
    was answered against before; `calibration` on it against what was promised (None: nothing)."""

    action: str
    rows: int
    answered: Interval
    promised: float | None
    before: float | None
    verdict: Verdict
    calibration: Verdict | None


class Missing(Struct, frozen=True):
    """A field that rules or templates ask for, and the share of rows after the reference that
    had to do without it, of those whose inputs were kept: 1 is a field nobody ever sends."""

    field: str
    share: float
    before: float


class Findings(Struct, frozen=True):
    """`level`: how often chance alone would alarm in a whole report of so many `questions`,
    were there no other condition. `timed`: do rows have times?"""

    level: float
    questions: int
    timed: bool
    reference: Window
    windows: tuple[Window, ...]
    actions: tuple[ActionFigures, ...]
    missing: tuple[Missing, ...]

    def json(self) -> bytes:
        """For machines; `alarms` are what alarmed, and in how many windows."""
        whole = {"alarms": dict(self.alarms), **msgspec.to_builtins(self)}
        return msgspec.json.format(msgspec.json.encode(whole))

    @property
    def alarms(self) -> tuple[tuple[str, int], ...]:
        """What alarmed, by name, and in how many windows, the most often first."""
        counts: dict[str, int] = {}
        for window in self.windows:
            for name in _alarmed(window):
                counts[name] = counts.get(name, 0) + 1
        return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))

    @property
    def beyond_chance(self) -> int:
        """How many questions found more than chance, whether it matters or not."""
        return sum(
            verdict != "steady"
            for window in self.windows
            for verdict in (*window.verdicts.values(), *(one.verdict for one in window.shifts))
        )


def _alarmed(window: Window) -> Iterator[str]:
    yield from (name for name, verdict in window.verdicts.items() if verdict == "alarm")
    yield from (shift.name for shift in window.shifts if shift.verdict == "alarm")
