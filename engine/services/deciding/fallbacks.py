"""What is shown when no decision can be made: every placement's own fallback, and why."""

from __future__ import annotations

import structlog

from engine.catalogue import Catalogue
from engine.errors import (
    Contention,
    CustomerFull,
    IdentityShared,
    StoreUnavailable,
    TellerError,
)
from engine.plan import DecisionRequest, Filled, Plan

_CODES = (
    (StoreUnavailable, "store-unavailable"),
    (IdentityShared, "identity-shared"),
    (CustomerFull, "customer-full"),
    (Contention, "contention"),
)

_log = structlog.get_logger()


def fallback_plan(
    request: DecisionRequest, catalogue: Catalogue, decision_id: str, why: str
) -> Plan:
    """No marketing while we cannot know the customer; the log is told `why`."""
    _log.warning("degraded", decision_id=decision_id, reason=why)
    placements = catalogue.placements
    return Plan(
        decision_id,
        tuple(
            Filled(ask.id, True, content=placements[ask.id].fallback) for ask in request.placements
        ),
    )


def code_of(error: TellerError) -> str:
    """Why, in a short code, as a reply's `degraded` says it."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), "state-unknown")
