"""The types of the condition language, and how much a typed tree knows of itself."""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.domain import Value
from engine.spelling import meant


class Type(NamedTuple):
    """A type of the language: a name, and for lists the type of what they hold."""

    name: str
    of: str = ""

    def __str__(self) -> str:
        return f"list<{self.of}>" if self.of else self.name


BOOL, INT, DOUBLE, STRING = Type("bool"), Type("int"), Type("double"), Type("string")
TIMESTAMP, DURATION = Type("timestamp"), Type("duration")
NOTHING = Type("nothing")  # what an empty list holds: it fits wherever a type is expected
NUMBERS = frozenset((INT, DOUBLE))
SCALARS = {t.name: t for t in (BOOL, INT, DOUBLE, STRING, TIMESTAMP, DURATION)}

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


def list_of(element: Type) -> Type:
    """The type of a list of `element`s, which are scalars: lists do not nest."""
    return Type("list", element.name)


def element_of(type: Type) -> Type:
    """The type of what a list holds."""
    return SCALARS.get(type.of, NOTHING)


def parse_type(text: str) -> Type:
    """The type a schema writes as `int` or `list<string>`; ValueError names the nearest one."""
    match = re.fullmatch(r"(?:(list)<\s*(\w+)\s*>|(\w+))", text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a type; types are written int or list<string>")
    name = match[2] or match[3]
    if name not in SCALARS:
        known = ", ".join(SCALARS)
        hint = meant(name, SCALARS) or f"the types are {known}, and list<…> of them"
        raise ValueError(f"there is no type {name!r} ({hint})")
    return list_of(SCALARS[name]) if match[1] else SCALARS[name]


class Node(NamedTuple):
    """A piece of a checked condition.

    `op` is an operator or function as written (`&&`, `size`), or one of `literal`, `read`,
    `local`, `list`, `history`. `value` is a literal's value, what a read reads
    (`("customer", "plan")`), a local's name, or a history question. `partial`: it may come
    out unknown.
    """

    op: str
    type: Type
    column: int
    args: tuple[Node, ...] = ()
    value: Value | tuple[object, ...] | None = None
    partial: bool = False
