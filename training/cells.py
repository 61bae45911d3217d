"""Columns of a file as facts: what a model learns from is what it will be told.

Where a catalogue declares an attribute its cells are read by that type, as `teller import` reads
them; else they are what pandas takes them for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.catalogue import Catalogue
from engine.catalogue.cells import from_text
from engine.catalogue.values import parse_value
from engine.domain import Scalar, Value
from engine.errors import Misconfigured
from engine.rules.scope import Attribute
from engine.rules.types import BOOL, DOUBLE, INT, STRING, TIMESTAMP, Type

_COUNTED = (BOOL, INT, DOUBLE)


def declared_in(catalogue: Catalogue | None, room: str) -> Mapping[str, Attribute]:
    """What a catalogue's schema declares of customers, or of the moment; other rooms hold none."""
    if catalogue is None:
        return {}
    scope = catalogue.scope
    return {"customer": scope.customer, "context": scope.context}.get(room, {})


def as_text(named: Mapping[str, str], declared: Mapping[str, Attribute]) -> list[str]:
    """Of the columns by attribute those a CSV file must be read for as they stand: 01067 is no
    number where a word is declared."""
    return [
        column
        for name, column in named.items()
        if name in declared and declared[name].type not in _COUNTED
    ]


def values(column: pd.Series, attribute: Attribute | None) -> list[Value | None]:
    """A column's cells; None for what is missing. Raises Misconfigured, naming row and column."""
    plain = [_plain(one) for one in column]
    if attribute is None:
        return plain
    told = zip(column, plain, strict=True)
    return [_declared(raw, one, attribute, row, column) for row, (raw, one) in enumerate(told, 1)]


def _declared(
    raw: Any, plain: Value | None, attribute: Attribute, row: int, column: pd.Series
) -> Value | None:
    if plain is None or (attribute.type == TIMESTAMP and isinstance(raw, pd.Timestamp)):
        return plain
    try:
        return parse_value(_as_sent(plain, attribute.type), attribute)
    except ValueError as error:
        raise Misconfigured(f"column {column.name!r}: row {row}: {plain!r} {error}") from error


def _as_sent(plain: Value, kind: Type) -> Any:
    """As a caller would send it, whom the file's own types do not bind."""
    if isinstance(plain, float) and plain.is_integer() and kind != DOUBLE:
        plain = int(plain)
    if isinstance(plain, int | float) and kind in (STRING, BOOL):
        plain = str(plain)
    return from_text(plain, kind) if isinstance(plain, str) else plain


def _plain(raw: Any) -> Value | None:
    if isinstance(raw, np.ndarray | list | tuple):
        return [told for one in raw if (told := _scalar(one)) is not None]
    return _scalar(raw)


def _scalar(raw: Any) -> Scalar | None:
    """As the engine would have it; a time is ms since the epoch, as attributes are stored."""
    if pd.isna(raw):
        return None
    if isinstance(raw, pd.Timestamp):
        return int(raw.timestamp() * 1000)
    plain = raw.item() if isinstance(raw, np.generic) else raw
    return plain if isinstance(plain, bool | int | float | str) else str(plain)


def rows(
    frame: pd.DataFrame, named: Mapping[str, str], declared: Mapping[str, Attribute]
) -> list[Mapping[str, Value]]:
    """A frame's columns, named by attribute, as a row of facts each; what is missing is not
    there. Raises Misconfigured, naming row and column."""
    told = [values(frame[column], declared.get(name)) for name, column in named.items()]
    facts = zip(*told, strict=True) if told else [()] * len(frame)
    return [
        {name: one for name, one in zip(named, row, strict=True) if one is not None}
        for row in facts
    ]


def as_told(
    frame: pd.DataFrame, named: Mapping[str, str], declared: Mapping[str, Attribute]
) -> list[Mapping[str, Value]]:
    """The same with what a decision would be told, the default, in the place of what is missing."""
    defaults = {name: one.default for name, one in declared.items() if one.default is not None}
    return [{**defaults, **row} for row in rows(frame, named, declared)]
