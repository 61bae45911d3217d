"""Unquoted scalars to values, by YAML 1.2's core schema.

`no`, `off` and `21:00` are text, and so is every timestamp.
"""

from __future__ import annotations

import math
import re
from typing import Any

_INT = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC = frozenset("0123456789+-.")


class NotANumber(Exception):
    """Digits that no number of ours can hold; `what` says so, `hint` what to do."""

    def __init__(self, what: str, hint: str = "") -> None:
        self.what = what
        self.hint = hint
        super().__init__(what)


def plain(text: str) -> Any:
    """The value of an unquoted scalar. Raises NotANumber."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INT.match(text):
        return _integer(text)
    if _FLOAT.match(text):
        return _finite(float(text), text)
    if _NOT_FINITE.match(text):
        return _finite(math.inf, text)
    return text


def _integer(text: str) -> int | float:
    """The number; the nearest double of one beyond 64 bits, as of one that comes in JSON."""
    digits = text.lstrip("+-")
    base = {"0o": 8, "0x": 16}.get(digits[:2], 10)
    number = int(text, base) if len(text) <= 24 else 2**64
    if -(2**63) <= number < 2**63:
        return number
    if base == 10:
        return _finite(float(text), text)
    raise NotANumber(f"{text[:30]} is beyond 64 bits", "quote it if it is text")


def _finite(number: float, text: str) -> float:
    if not math.isfinite(number):
        raise NotANumber(f"{text[:30]} is not a finite number")
    return number
