"""The schedule: which actions are switched on and inside the time they are valid for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.domain import Knockout
from engine.rules.masks import mask_of, mask_where

_FOREVER = np.iinfo(np.int64)


class Schedule:
    """Keeps out what is switched off, not yet valid, or valid no more.

    One entry an action: `active`; `starts` and `ends` in ms, None where there is no such
    bound. Valid from `starts` on, and until just before `ends`. An action that is both
    switched off and out of time is reported as switched off.
    """

    def __init__(
        self,
        active: Sequence[bool],
        starts: Sequence[int | None],
        ends: Sequence[int | None],
    ) -> None:
        off = mask_of(index for index, on in enumerate(active) if not on)
        self._off = (
            [Knockout("schedule", "inactive", "inactive", "The action is switched off.", off)]
            if off
            else []
        )
        self._dated = any(time is not None for time in (*starts, *ends))
        self._starts = np.array([_FOREVER.min if t is None else t for t in starts], np.int64)
        self._ends = np.array([_FOREVER.max if t is None else t for t in ends], np.int64)

    def knockouts(self, now: int) -> list[Knockout]:
        """What the schedule keeps out at `now` (ms)."""
        return self._off + self._untimely(now) if self._dated else self._off

    def _untimely(self, now: int) -> list[Knockout]:
        out = []
        if early := mask_where(self._starts > now):
            out.append(
                Knockout(
                    "schedule", "not-started", "not-started", "The action is not valid yet.", early
                )
            )
        if late := mask_where(self._ends <= now):
            out.append(
                Knockout("schedule", "expired", "expired", "The action is valid no longer.", late)
            )
        return out
