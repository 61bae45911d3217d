"""The decisions that what happened answers: whose each was, and what it offered."""

from __future__ import annotations

from engine import record
from engine.change import Found
from engine.plan import Filled
from engine.record import DecisionRecord
from engine.services.ports import People


class Made:
    """The decisions that rows of one request name, each looked up once."""

    def __init__(self, memory: People) -> None:
        self._memory = memory
        self._found: dict[str, Found | None] = {}

    def customer_of(self, decision_id: str) -> str | None:
        """Whose decision it was; None when none is kept."""
        found = self._find(decision_id)
        return found.customer_id if found else None

    def offered_to(self, customer_id: str, decision_id: str) -> tuple[Filled, ...] | None:
        """What a decision of that customer answered; None when there is none of theirs."""
        found = self._find(decision_id) if decision_id else None
        if found is None or not self._same(found.customer_id, customer_id):
            return None
        entry = record.legible(found.record)
        return entry.plan.placements if isinstance(entry, DecisionRecord) else None

    def _same(self, decided_for: str, customer_id: str) -> bool:
        """Whether it was decided for this customer, maybe before they were merged."""
        return decided_for == customer_id or self._memory.canonical(decided_for) == customer_id

    def _find(self, decision_id: str) -> Found | None:
        if decision_id not in self._found:
            self._found[decision_id] = self._memory.find_decision(decision_id)
        return self._found[decision_id]
