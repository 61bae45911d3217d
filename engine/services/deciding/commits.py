"""Committing a decision, when the answer of the store may get lost on the way."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import structlog

from engine import record
from engine.change import Change, Committed, Conflict, Known
from engine.errors import AnswerLost, Contention, StateUnknown, StoreUnavailable
from engine.record import VoidRecord
from engine.services.ports import Memory

_MOST_VOIDS = 10_000

_log = structlog.get_logger()


class _Unseen(NamedTuple):
    """A decision nobody saw, and whose it was, as `Change` says it."""

    decision_id: str
    customer_id: str
    clock: int
    retention: int
    known: bool


class Commits:
    """Commits changes; one whose answer was lost is asked for once more, else voided later."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._voids: deque[_Unseen] = deque(maxlen=_MOST_VOIDS)

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
            self._voids.append(
                _Unseen(
                    change.decision_id or "",
                    change.customer_id,
                    change.clock,
                    change.retention,
                    change.known,
                )
            )
            raise

    def _record_voids(self) -> None:
        """Whatever is still not heard of stays for the next time, and goes to the survivor where
        the customer was merged. Where they were erased it goes unsaid, as the decision did."""
        unseen = self._voids.popleft()
        try:
            result = self._memory.commit(_void(unseen))
        except (StoreUnavailable, StateUnknown, Contention) as error:
            self._voids.append(unseen)
            _log.warning("void not recorded yet", error=str(error))
            return
        if isinstance(result, Conflict) and result.loaded.state.revision:
            survivor = result.loaded.state.customer_id
            self._voids.append(unseen._replace(customer_id=survivor))


def _void(unseen: _Unseen) -> Change:
    """The record that says nobody saw it; it names only a customer who was held, and still is."""
    named = unseen.customer_id if unseen.known else ""
    entry = record.encode(VoidRecord(unseen.decision_id, named, unseen.clock))
    return Change(
        unseen.customer_id,
        None,
        {},
        unseen.clock,
        entry,
        None,
        unseen.retention,
        known=unseen.known,
    )
