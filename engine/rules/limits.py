"""What an author may say in a contact policy, as values: caps, rests, keep-outs, quiet hours.

In each, `applies` (or `keep_out`) selects by kind, group, action, channel and placement; an
empty field means any. `docs/contact.md` defines every word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import Literal
from zoneinfo import ZoneInfo

from engine.domain import Selector
from engine.rules.windows import Window

Per = Literal["action", "group", "kind", "channel", "placement"]


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `cap` matching contacts in `window`, for each `per` (None: all together)."""

    id: str
    applies: Selector
    cap: int
    window: Window
    per: Per | None = None

    @property
    def reach(self) -> int:
        """How far back, in ms, contacts must be kept for this."""
        return self.window.reach


@dataclass(frozen=True, slots=True)
class Rest:
    """For `rest` ms after a matching outcome in `after`, silence for its `per` (None: for all)."""

    id: str
    applies: Selector
    after: frozenset[str]
    rest: int
    per: Per | None = None

    @property
    def reach(self) -> int:
        """How far back, in ms, outcomes must be kept for this."""
        return self.rest


@dataclass(frozen=True, slots=True)
class KeepOut:
    """While condition number `when` is true, or not known, nothing that `keep_out` selects."""

    id: str
    when: int
    keep_out: Selector

    @property
    def reach(self) -> int:
        """Nothing of its own: the condition says what it looks back at."""
        return 0


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing that `applies` selects from `start` until `end`, on the customer's clock.

    Wall-clock times, start included and end not; a start after the end spans midnight, and
    one equal to it means all day. The zone is what the customer's `attribute` names, or
    `fallback` when there is no attribute, it is not known, or it names no zone.
    """

    id: str
    applies: Selector
    start: time
    end: time
    fallback: ZoneInfo
    attribute: str | None = None

    @property
    def reach(self) -> int:
        """Nothing: quiet hours look at the clock alone."""
        return 0


Policy = Cap | Rest | KeepOut | Quiet
