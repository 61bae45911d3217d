"""`/healthz` and `/readyz`."""

from __future__ import annotations

from marshmallow import fields
from msgspec import Struct

from engine.wire.values import Strict


class HealthReply(Struct, frozen=True):
    """The process is alive."""

    status: str = "alive"


class ReadyReply(Struct, frozen=True):
    """Whether it can decide; `degraded` says why it can give fallbacks only, else null."""

    ready: bool
    degraded: str | None
    catalogue: str
    models: dict[str, str]


class HealthSchema(Strict):
    """The process is alive."""

    status = fields.String(required=True)


class ReadySchema(Strict):
    """Whether it can decide, and why not."""

    ready = fields.Boolean(required=True)
    degraded = fields.String(required=True, allow_none=True)
    catalogue = fields.String(required=True)
    models = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
