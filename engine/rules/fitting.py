"""Whether a value is of the type that is declared; one that is not is as good as missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.domain import Value
from engine.rules.types import DOUBLE, Type

CLASSES: Mapping[str, type] = {
    "bool": bool,
    "int": int,
    "double": float,
    "string": str,
    "timestamp": int,
    "duration": int,
}


def fitting(value: Value | None, type: Type, default: Value | None) -> Value | None:
    """`value` where it is of that type (an int will do for a double), else `default`.

    A stored value may be older than the schema; one of another type is as good as missing.
    """
    expected = CLASSES[type.of or type.name]
    if type.name == "list":
        return value if isinstance(value, list) and _holds(value, expected) else default
    if value.__class__ is expected:
        return value
    if type == DOUBLE and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return default


def _holds(values: Sequence[object], expected: type) -> bool:
    for value in values:  # noqa: SIM110 (all() over a generator takes twice as long)
        if value.__class__ is not expected:
            return False
    return True
