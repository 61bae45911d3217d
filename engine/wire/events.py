"""`teller events`: what could not be taken in, and taking it in after all."""

from __future__ import annotations

from msgspec import Struct


class SetAsideReply(Struct, frozen=True):
    """An event set aside: `event` is its JSON as sent, empty when it was too large to keep."""

    id: str
    received_at: str
    reason: str
    source: str
    event: str


class AgainReply(Struct, frozen=True):
    """How many were taken in after all, and how many still do not fit."""

    taken: int
    left: int
