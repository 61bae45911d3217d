"""The operators and functions of the language: their types, and CEL's meaning of each.

Where Python means the same (`==` of strings, `<` of numbers, which both compare exactly
across int and double) its own operator is used. A result that CEL calls an error, such as
an overflow, is `None` here: unknown. Source: the CEL language definition, "List of
Standard Definitions".
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from typing import NamedTuple

from engine.rules.patterns import Pattern
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

FIRST_MS, LAST_MS = -62_135_596_800_000, 253_402_300_799_999  # the years 1 to 9999
LONGEST_MS = 9_223_372_036_854  # 292 years: what CEL reckons with, 64 bits of nanoseconds


class Function(NamedTuple):
    """What an operator or function gives for the argument types it is listed under."""

    result: Type
    code: type[ast.operator] | Callable[..., object]
    partial: bool = False


def _bounded(value: int, low: int, high: int) -> int | None:
    return value if low <= value <= high else None


def add_int(left: int, right: int) -> int | None:
    """Unknown beyond 64 bits."""
    return _bounded(left + right, INT_MIN, INT_MAX)


def subtract_int(left: int, right: int) -> int | None:
    """Unknown beyond 64 bits."""
    return _bounded(left - right, INT_MIN, INT_MAX)


def multiply_int(left: int, right: int) -> int | None:
    """Unknown beyond 64 bits."""
    return _bounded(left * right, INT_MIN, INT_MAX)


def negate_int(value: int) -> int | None:
    """Unknown beyond 64 bits."""
    return _bounded(-value, INT_MIN, INT_MAX)


def divide_int(left: int, right: int) -> int | None:
    """Rounded towards zero; unknown for a zero divisor."""
    if right == 0:
        return None
    whole = abs(left) // abs(right)
    return _bounded(whole if (left < 0) == (right < 0) else -whole, INT_MIN, INT_MAX)


def modulo_int(left: int, right: int) -> int | None:
    """The remainder, with the sign of `left`; unknown for a zero divisor."""
    if right == 0 or (left == INT_MIN and right == -1):
        return None
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def divide_double(left: float, right: float) -> float:
    """As IEEE 754 has it: a zero divisor gives an infinity, or not-a-number."""
    if right:
        return left / right
    if left == 0 or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def add_time(left: int, right: int) -> int | None:
    """A time and a duration, in ms; unknown outside the years 1 to 9999."""
    return _bounded(left + right, FIRST_MS, LAST_MS)


def subtract_time(left: int, right: int) -> int | None:
    """A duration before a time; unknown as in `add_time`."""
    return _bounded(left - right, FIRST_MS, LAST_MS)


def add_duration(left: int, right: int) -> int | None:
    """In ms; unknown beyond what CEL reckons with."""
    return _bounded(left + right, -LONGEST_MS, LONGEST_MS)


def subtract_duration(left: int, right: int) -> int | None:
    """Of two durations, or of two times, in ms; unknown as in `add_duration`."""
    return _bounded(left - right, -LONGEST_MS, LONGEST_MS)


def same_list(left: Sequence[object], right: Sequence[object]) -> bool:
    """Element by element; Python's own `==` would find not-a-number equal to itself."""
    return len(left) == len(right) and all(map(operator.eq, left, right))


def among_doubles(value: float, values: Sequence[float]) -> bool:
    """Whether `value` is in `values`; Python's own `in` would find not-a-number in a list."""
    return any(value == other for other in values)


def any_of(answers: list[bool | None]) -> bool | None:
    """The `||` of all answers, false of none."""
    return True if True in answers else None if None in answers else False


def all_of(answers: list[bool | None]) -> bool | None:
    """The `&&` of all answers, true of none."""
    return False if False in answers else None if None in answers else True


def matches(text: str, pattern: Pattern) -> bool | None:
    """Whether `pattern` is found anywhere in `text`; unknown for text that is not Unicode."""
    try:
        return pattern.search(text) is not None
    except UnicodeEncodeError:
        return None


ORDERED = frozenset((BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION))

ARITHMETIC: dict[tuple[str, Type, Type], Function] = {
    ("+", INT, INT): Function(INT, add_int, partial=True),
    ("-", INT, INT): Function(INT, subtract_int, partial=True),
    ("*", INT, INT): Function(INT, multiply_int, partial=True),
    ("/", INT, INT): Function(INT, divide_int, partial=True),
    ("%", INT, INT): Function(INT, modulo_int, partial=True),
    ("+", DOUBLE, DOUBLE): Function(DOUBLE, ast.Add),
    ("-", DOUBLE, DOUBLE): Function(DOUBLE, ast.Sub),
    ("*", DOUBLE, DOUBLE): Function(DOUBLE, ast.Mult),
    ("/", DOUBLE, DOUBLE): Function(DOUBLE, divide_double),
    ("+", STRING, STRING): Function(STRING, ast.Add),
    ("+", TIMESTAMP, DURATION): Function(TIMESTAMP, add_time, partial=True),
    ("+", DURATION, TIMESTAMP): Function(TIMESTAMP, add_time, partial=True),
    ("-", TIMESTAMP, DURATION): Function(TIMESTAMP, subtract_time, partial=True),
    ("-", TIMESTAMP, TIMESTAMP): Function(DURATION, subtract_duration, partial=True),
    ("+", DURATION, DURATION): Function(DURATION, add_duration, partial=True),
    ("-", DURATION, DURATION): Function(DURATION, subtract_duration, partial=True),
}
NEGATION: dict[Type, Function] = {
    INT: Function(INT, negate_int, partial=True),
    DOUBLE: Function(DOUBLE, operator.neg),
}
# Each takes one more string than the one it is called on.
STRING_METHODS: dict[str, Function] = {
    "startsWith": Function(BOOL, str.startswith),
    "endsWith": Function(BOOL, str.endswith),
    "contains": Function(BOOL, operator.contains),
}


def find(op: str, types: Sequence[Type]) -> Function | None:
    """The meaning of `op` for arguments of those types, if it has one."""
    if op == "neg":
        return NEGATION.get(types[0])
    if op in STRING_METHODS:
        return STRING_METHODS[op] if all(t == STRING for t in types) else None
    return ARITHMETIC.get((op, types[0], types[1]))
