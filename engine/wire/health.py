"""`/healthz` and `/readyz`."""

from __future__ import annotations

from msgspec import Struct


class HealthReply(Struct, frozen=True):
    """The process is alive."""

    status: str = "alive"


class ReadyReply(Struct, frozen=True):
    """Whether it can decide; `degraded` says why it can give fallbacks only, else null."""

    ready: bool
    degraded: str | None
    catalogue: str
    models: dict[str, str]
