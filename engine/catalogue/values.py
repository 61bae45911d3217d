"""Facts as they arrive (JSON, YAML) to the values the rules work with, by declared type.

Times are RFC 3339 text and become ms since the epoch; durations are text such as `30d` or
`1h30m` and become ms. Nothing is guessed: a number in quotes is not a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from engine.catalogue.faults import nearest
from engine.domain import Value
from engine.errors import InvalidRequest, Problem
from engine.rules.scope import Attribute
from engine.rules.times import duration_ms, timestamp_ms
from engine.rules.types import BOOL, DOUBLE, DURATION, INT, STRING, TIMESTAMP, Type, element_of
from engine.spelling import meant

LONGEST_TEXT = 4096
LONGEST_LIST = 100


def parse_value(raw: object, attribute: Attribute) -> Value:
    """`raw` as a value of the attribute. Raises ValueError saying what it must be."""
    value = _typed(raw, attribute.type)
    if attribute.enum is not None:
        for one in value if isinstance(value, list) else [value]:
            if one not in attribute.enum:
                hint = meant(str(one), attribute.enum)
                raise ValueError(f"must be one of {', '.join(attribute.enum)}" + _aside(hint))
    return value


def validate(
    raw: Mapping[str, object], declared: Mapping[str, Attribute], at: str
) -> dict[str, Value]:
    """All of `raw`, typed. Raises InvalidRequest with a problem for each name or value at fault.

    `at` is the JSON pointer of `raw`.
    """
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, one in raw.items():
        attribute = declared.get(name)
        try:
            if attribute is None:
                raise ValueError("is not declared in the schema" + _aside(nearest(name, declared)))
            values[name] = parse_value(one, attribute)
        except ValueError as error:
            problems.append(Problem(f"{at}/{_escape(name)}", str(error)))
    if problems:
        raise InvalidRequest(problems)
    return values


def _typed(raw: object, kind: Type) -> Value:
    if kind.name != "list":
        value: Value = _SCALARS[kind](raw)
        return value
    if not isinstance(raw, list):
        raise ValueError(f"must be a {kind}")
    if len(raw) > LONGEST_LIST:
        raise ValueError(f"must have at most {LONGEST_LIST} items")
    read = _SCALARS[element_of(kind)]
    values: Value = [read(one) for one in raw]
    return values


def _bool(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise ValueError("must be true or false")


def _int(raw: object) -> int:
    whole = int(raw) if isinstance(raw, float) and raw.is_integer() else raw
    if isinstance(whole, int) and not isinstance(whole, bool) and -(2**63) <= whole < 2**63:
        return whole
    raise ValueError("must be a whole number of at most 64 bits")


def _double(raw: object) -> float:
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        try:
            number = float(raw)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    raise ValueError("must be a finite number")


def _string(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError("must be text")
    try:
        size = len(raw.encode())
    except UnicodeEncodeError as error:
        raise ValueError("must be text without lone surrogates") from error
    if size > LONGEST_TEXT:
        raise ValueError(f"must be at most {LONGEST_TEXT} bytes of UTF-8")
    return raw


def _time(raw: object) -> int:
    return timestamp_ms(raw[:64] if isinstance(raw, str) else "")


def _duration(raw: object) -> int:
    return duration_ms(raw[:64] if isinstance(raw, str) else "")


_SCALARS: Mapping[Type, Callable[[object], Any]] = {
    BOOL: _bool,
    INT: _int,
    DOUBLE: _double,
    STRING: _string,
    TIMESTAMP: _time,
    DURATION: _duration,
}


def _aside(hint: str) -> str:
    return f" ({hint})" if hint else ""


def _escape(name: str) -> str:
    return name[:200].replace("~", "~0").replace("/", "~1")
