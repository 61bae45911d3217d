"""Spans of time as authors write them, such as 30d."""

from __future__ import annotations

from typing import Any

from engine.catalogue.faults import Faults, Located
from engine.rules.times import duration_ms


def span_of(at: Located[Any], key: str, faults: Faults) -> int | None:
    """The ms, above zero, that `key` of what `at` locates says; None where it says nothing, or is
    at fault, which is then reported."""
    written = getattr(at.spec, key)
    if written is None:
        return None
    try:
        span = duration_ms(written)
    except ValueError as error:
        faults.add(at, (key,), str(error))
        return None
    if span <= 0:
        faults.add(at, (key,), f"`{key}` must be longer than nothing")
        return None
    return span
