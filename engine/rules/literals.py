"""The cells of decision tables as values of their type."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from engine.domain import Value
from engine.rules.times import duration_ms, timestamp_ms
from engine.rules.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    INT_MAX,
    INT_MIN,
    STRING,
    TIMESTAMP,
    Type,
)


def literal(cell: object, type: Type) -> Value:
    """The value of that type that a cell says. Raises ValueError with what is wrong."""
    return _LITERALS[type](cell)


def _bool(cell: object) -> bool:
    known = {"true": True, "false": False}
    value = cell if isinstance(cell, bool) else known.get(str(cell))
    if value is None:
        raise ValueError(f"{cell!r} is not true or false")
    return value


def _int(cell: object) -> int:
    text = str(cell)
    value = int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else None
    if value is None or not INT_MIN <= value <= INT_MAX:
        raise ValueError(f"{cell!r} is not an int")
    return value


def _double(cell: object) -> float:
    text = str(cell)
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,3})?", text):
        raise ValueError(f"{cell!r} is not a number")
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{cell!r} is too large for a double")
    return value


def _string(cell: object) -> str:
    if not isinstance(cell, str):
        raise ValueError(f"{cell!r} is not a string; put it in quotes")
    quoted = len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "'\""
    return cell[1:-1] if quoted else cell


def _timestamp(cell: object) -> int:
    return timestamp_ms(str(cell))


def _duration(cell: object) -> int:
    return duration_ms(str(cell))


_LITERALS: dict[Type, Callable[[object], Value]] = {
    BOOL: _bool,
    INT: _int,
    DOUBLE: _double,
    STRING: _string,
    TIMESTAMP: _timestamp,
    DURATION: _duration,
}
