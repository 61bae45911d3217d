"""Committing a decision, when the answer of the store may get lost on the way."""

from __future__ import annotations

from collections import deque

import structlog

from engine import record
from engine.change import Change, Committed, Conflict, Known
from engine.errors import AnswerLost, StateUnknown, StoreUnavailable
from engine.record import VoidRecord
from engine.services.ports import Memory

_MOST_VOIDS = 10_000

_log = structlog.get_logger()


class Commits:
    """Commits changes; one whose answer was lost is asked for once more, else voided later."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._voids: deque[Change] = deque(maxlen=_MOST_VOIDS)

    def commit(self, change: Change, deadline: float | None = None) -> Committed | Conflict | Known:
        """As the store's. After StoreUnavailable nobody learns from this decision (a void)."""
        try:
            result = self._memory.commit(change, deadline)
        except AnswerLost:
            result = self._once_more(change, deadline)
        if self._voids:
            self._record_voids()
        return result

    def _once_more(self, change: Change, deadline: float | None) -> Committed | Conflict | Known:
        try:
            return self._memory.commit(change, deadline)
        except (StoreUnavailable, StateUnknown):
            self._voids.append(_void(change))
            raise

    def _record_voids(self) -> None:
        """Whatever is still not heard of stays for the next time."""
        void = self._voids.popleft()
        try:
            self._memory.commit(void)
        except (StoreUnavailable, StateUnknown) as error:
            self._voids.append(void)
            _log.warning("void not recorded yet", error=str(error))


def _void(change: Change) -> Change:
    """The record that says nobody saw this decision."""
    entry = VoidRecord(change.decision_id or "", change.customer_id, change.clock)
    return Change(
        change.customer_id, None, {}, change.clock, record.encode(entry), None, change.retention
    )
