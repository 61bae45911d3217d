"""Timestamps and durations as authors write them, to whole milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from engine.rules.functions import LONGEST_MS

_UNITS = {
    "w": Fraction(604_800_000),
    "d": Fraction(86_400_000),
    "h": Fraction(3_600_000),
    "m": Fraction(60_000),
    "s": Fraction(1000),
    "ms": Fraction(1),
    "us": Fraction(1, 1000),
    "ns": Fraction(1, 1_000_000),
}
_PART = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)(ms|us|ns|[wdhms])", re.ASCII)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def duration_ms(text: str) -> int:
    """`30d`, `1h30m`, `-1.5s` to milliseconds; ValueError says what is wrong with it."""
    body = text.removeprefix("-")
    parts = list(_PART.finditer(body))
    if not parts or "".join(part[0] for part in parts) != body:
        raise ValueError(
            f"{text!r} is not a duration; durations are written 30d, 12h, 15m or 1h30m"
        )
    total = sum((Fraction(part[1]) * _UNITS[part[2]] for part in parts), Fraction())
    if total.denominator != 1:
        raise ValueError(f"{text!r} is finer than a millisecond")
    if total > LONGEST_MS:
        raise ValueError(f"{text!r} is longer than 292 years")
    return -int(total) if body != text else int(total)


def timestamp_ms(text: str) -> int:
    """An RFC 3339 time to milliseconds since the epoch; ValueError says what is wrong with it."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        hint = "times are written 2026-01-31T00:00:00Z or 2026-01-31T00:00:00+01:00"
        raise ValueError(f"{text!r} is not a time; {hint}")
    if (match[1] or "")[4:].strip("0"):
        raise ValueError(f"{text!r} is finer than a millisecond")
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
        return (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a time: {error}") from error
