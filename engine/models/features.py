"""What models look at, declared once for serving and training alike: one declaration a feature.

`encoder.py` turns facts into numbers as these say.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from msgspec import Struct

from engine.history import FILTERS
from engine.spelling import meant

Facet = Literal["id", "group", "kind"]
FACETS: tuple[Facet, ...] = ("id", "group", "kind")

FAR = 1e6
"""A number this many scales from its mean is no number we know, so it counts as missing."""

SOURCES = ("customer.", "context.", "channel", "history.count", "history.days_since")


class Number(Struct, frozen=True, tag="number", tag_field="type", forbid_unknown_fields=True):
    """(x - mean) / scale; true is 1. `missing` (in x's unit) stands in for what is unknown,
    infinite or more than a million scales away; `indicator` adds a column that is then 1."""

    mean: float = 0.0
    scale: float = 1.0
    missing: float = 0.0
    indicator: bool = False


class Category(Struct, frozen=True, tag="category", tag_field="type", forbid_unknown_fields=True):
    """A column per value, and with `other` one for any value not listed; unknown is all zeros."""

    values: tuple[str | int | bool, ...]
    other: bool = False


class Members(Struct, frozen=True, tag="members", tag_field="type", forbid_unknown_fields=True):
    """A column per value: 1 when the list holds it; an unknown list holds nothing."""

    values: tuple[str | int | bool, ...]


Encoding: TypeAlias = Number | Category | Members


class Feature(Struct, frozen=True, forbid_unknown_fields=True):
    """Something a model looks at: where it comes from and how it becomes numbers.

    `source`: `customer.<attribute>`, `context.<attribute>`, `channel`, `history.count` or
    `history.days_since` (of `event`, with filters in `where` and `within` milliseconds).
    `by`: the action's facets it is crossed with, so that it may weigh differently for each
    group, kind or action. `match`: one weight more where the value is, or the list holds, the
    action's own id, group or kind ("this offer is among her favourites").
    """

    name: str
    source: str
    encoding: Encoding
    by: tuple[Facet, ...] = ()
    match: Facet | None = None
    event: str = ""
    where: dict[str, str] = {}
    within: int | None = None


def check(feature: Feature) -> None:
    """Raise ValueError, saying what to write instead, unless the declaration makes sense."""
    encoding, name = feature.encoding, f"feature '{feature.name}'"
    _check_source(feature, name)
    if isinstance(encoding, Number):
        numbers = (encoding.mean, encoding.scale, encoding.missing)
        if not all(map(math.isfinite, numbers)) or encoding.scale <= 0:
            raise ValueError(f"{name}: mean, scale and missing must be finite, scale above zero")
        if not abs(encoding.missing - encoding.mean) < FAR * encoding.scale < math.inf:
            raise ValueError(f"{name}: missing is over a million scales from the mean")
        if feature.match:
            raise ValueError(f"{name}: `match` needs a category or members to match with")
    elif len(set(encoding.values)) < len(encoding.values):
        raise ValueError(f"{name}: a value is listed twice")


def _check_source(feature: Feature, name: str) -> None:
    source = feature.source
    room, dot, attribute = source.partition(".")
    known = source in SOURCES[2:] or (f"{room}." in SOURCES[:2] and attribute)
    if not known:
        start = f"{room}{dot}" if room != "history" else source
        hint = meant(start, SOURCES, ", ", repr) or f"; one of {', '.join(SOURCES)}"
        raise ValueError(f"{name}: no source '{source}'{hint}")
    historic = room == "history"
    if historic != bool(feature.event):
        raise ValueError(f"{name}: `event` belongs to history sources, and only to them")
    if not historic and (feature.where or feature.within is not None):
        raise ValueError(f"{name}: `where` and `within` belong to history sources only")
    if strange := sorted(set(feature.where) - set(FILTERS)):
        raise ValueError(f"{name}: no filter '{strange[0]}'; one of {', '.join(FILTERS)}")
    if feature.within is not None and (feature.within <= 0 or source != "history.count"):
        raise ValueError(f"{name}: `within` is for history.count, in milliseconds above zero")


def absent(encoding: Encoding) -> list[float]:
    """What the columns of an encoding hold when the value is unknown."""
    if isinstance(encoding, Number):
        stand_in = (encoding.missing - encoding.mean) / encoding.scale
        return [stand_in, 1.0] if encoding.indicator else [stand_in]
    return [0.0] * len(parts(encoding))


def parts(encoding: Encoding) -> list[str]:
    """What the names of an encoding's columns add to the feature's own: "" or "=gold", say."""
    if isinstance(encoding, Number):
        return ["", "?missing"] if encoding.indicator else [""]
    other = ["=?other"] if isinstance(encoding, Category) and encoding.other else []
    return [f"={value}" for value in encoding.values] + other
