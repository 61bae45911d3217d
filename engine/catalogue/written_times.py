"""Times and spans of time as authors write them, such as 2026-01-31T00:00:00Z and 30d."""

from __future__ import annotations

from typing import Any

from engine.catalogue.faults import Faults, Located
from engine.catalogue.source import Path
from engine.rules.times import duration_ms, timestamp_ms


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


def time_of(at: Located[Any], path: Path, written: str | None, faults: Faults) -> int | None:
    """The ms since the epoch that `written`, at `path` below what `at` locates, says; None where it
    is nothing, or at fault, which is then reported."""
    try:
        return None if written is None else timestamp_ms(written)
    except ValueError as error:
        faults.add(at, path, str(error))
        return None
