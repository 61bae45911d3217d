"""Cells of a table that is text to the values of JSON, by declared type; `values` types those.

Pure. What does not fit stays text, and is refused as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from engine.rules.types import BOOL, DOUBLE, INT, Type, element_of

_TRUE, _FALSE = ("true", "t", "yes", "1"), ("false", "f", "no", "0")


def from_text(cell: str, kind: Type) -> Any:
    """A list is JSON, or its items between semicolons; a truth is true, t, yes or 1."""
    if kind.of:
        if cell.lstrip().startswith("["):
            return parsed(cell)
        return [from_text(part.strip(), element_of(kind)) for part in cell.split(";")]
    return _PARSE.get(kind, str)(cell)


def number(cell: str, parse: Callable[[str], Any]) -> Any:
    """As `parse` has it."""
    try:
        return parse(cell)
    except ValueError:
        return cell


def parsed(cell: str) -> Any:
    """What the JSON in it says."""
    try:
        return msgspec.json.decode(cell)
    except (msgspec.DecodeError, RecursionError):
        return cell


def _whole(cell: str) -> float:
    """Whoever wrote a column with gaps in it often wrote 36 as `36.0`; a long number keeps its last
    digits, of which a float has fifteen."""
    whole, _, rest = cell.partition(".")
    try:
        return int(cell if rest.strip("0 ") else whole)
    except ValueError:
        return float(cell)


def _bool(cell: str) -> Any:
    word = cell.strip().lower()
    return word in _TRUE if word in _TRUE or word in _FALSE else cell


_PARSE: Mapping[Type, Callable[[str], Any]] = {
    BOOL: _bool,
    INT: lambda cell: number(cell, _whole),
    DOUBLE: lambda cell: number(cell, float),
}
