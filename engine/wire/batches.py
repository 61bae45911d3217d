"""A batch of events, taken apart: what was said once for all of them is given to each."""

from __future__ import annotations

from typing import Any

import msgspec

from engine.errors import InvalidRequest, Problem
from engine.wire.body import said_twice
from engine.wire.one_event import ONCE

MAX_EVENTS = 2_500
MAX_SHARED = 16 * 1024 * 1024  # bytes a batch's context may come to, once each event has it

_batch = msgspec.json.Decoder(list[msgspec.Raw])


def together(batch: msgspec.Raw, context: msgspec.Raw) -> list[bytes]:
    """A batch's events, each with the context that was said once for all. Raises InvalidRequest."""
    try:
        events = [bytes(raw) for raw in _batch.decode(batch)]
    except msgspec.DecodeError:
        raise InvalidRequest([Problem("/batch", "must be a list of events")]) from None
    if len(events) > MAX_EVENTS:
        detail = f"must hold at most {MAX_EVENTS:,} events: send them in several batches"
        raise InvalidRequest([Problem("/batch", detail)])
    if len(events) * len(bytes(context)) > MAX_SHARED:
        detail = "is too large to hold for so many events: send them in several batches"
        raise InvalidRequest([Problem("/context", detail)])
    try:
        shared = msgspec.json.decode(context) if bytes(context) else None
    except (ValueError, RecursionError):
        raise InvalidRequest([Problem("/context", "cannot be read")]) from None
    return [_with_context(raw, shared) for raw in events] if isinstance(shared, dict) else events


def _with_context(raw: bytes, shared: dict[str, Any]) -> bytes:
    """The event's own context comes before the batch's. One that cannot be read stays as it is,
    to be set aside."""
    if said_twice(raw, ONCE):
        return raw
    try:
        event = msgspec.json.decode(raw)
        own = event.get("context") if isinstance(event, dict) else raw
        if own is not None and not isinstance(own, dict):
            return raw
        return msgspec.json.encode({**event, "context": {**shared, **(own or {})}})
    except (ValueError, RecursionError):
        return raw
