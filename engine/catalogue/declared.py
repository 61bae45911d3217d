"""What a catalogue declares by name: attributes, and the scope that conditions are checked in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from engine.catalogue.faults import Faults, Located
from engine.catalogue.reading import Reading, Section
from engine.catalogue.shape import AttributeSpec, TableSpec
from engine.catalogue.values import parse_value
from engine.rules.scope import Attribute, Scope
from engine.rules.types import STRING, Type, element_of, list_of, parse_type

T = TypeVar("T")


def scope(reading: Reading, predicates: Iterable[str], faults: Faults) -> Scope:
    """Everything conditions may name. Parts that do not fit lose their meaning, not their name."""
    placements = reading.section("placements").parts.values()
    return Scope(
        customer=_attributes(reading, "attributes", faults),
        context=_attributes(reading, "context", faults),
        segments=frozenset(reading.section("segments").names),
        tables=_tables(reading),
        rules=frozenset(predicates),
        actions=frozenset(reading.section("actions").names),
        groups=frozenset(reading.section("groups").names),
        channels=frozenset(located.spec.channel for located in placements),
    )


def broken_names(reading: Reading) -> re.Pattern[str] | None:
    """Finds names whose declaration is at fault, in conditions that then can't be judged."""
    names = [
        *(
            name
            for path in ("attributes", "context")
            for name in reading.section("schema", path).broken
        ),
        *reading.section("tables").broken,
    ]
    return re.compile(rf"\b({'|'.join(map(re.escape, names))})\b") if names else None


def _sound(section: Section, read: Callable[[Located[Any]], T | None]) -> dict[str, T]:
    """What `read` makes of the section's parts; those it makes nothing of count as broken.

    It looks at what remains of others, too, to tell what is wrong there.
    """
    made = {name: read(located) for name, located in section.parts.items()}
    for located in section.remains:
        read(located)
    section.broken.update(name for name, value in made.items() if value is None)
    return {name: value for name, value in made.items() if value is not None}


def _attributes(reading: Reading, part: str, faults: Faults) -> Mapping[str, Attribute]:
    return _sound(reading.section("schema", part), lambda located: _attribute(located, faults))


def _attribute(located: Located[AttributeSpec], faults: Faults) -> Attribute | None:
    spec = located.spec
    try:
        kind = parse_type(spec.type)
    except ValueError as error:
        faults.add(located, ("type",), str(error))
        return None
    if spec.enum is not None and STRING not in {kind, element_of(kind)}:
        faults.add(located, ("enum",), f"`enum` is for text, not for {kind}")
        return None
    enum = None if spec.enum is None or located.spoilt("enum") else tuple(spec.enum)
    attribute = Attribute(kind, enum, None, spec.personal)
    if spec.default is None:
        return attribute
    try:
        return replace(attribute, default=parse_value(spec.default, attribute))
    except ValueError as error:
        faults.add(located, ("default",), f"the default {error}")
        return attribute


def _tables(reading: Reading) -> Mapping[str, Type]:
    return _sound(reading.section("tables"), _output)


def _output(located: Located[TableSpec]) -> Type | None:
    """The type of a table's result: a list of its outputs when it collects.

    None where it has none, which is told once the whole table is checked.
    """
    try:
        kind = parse_type(located.spec.output)
    except ValueError:
        return None
    if kind.name == "list":
        return None
    return list_of(kind) if located.spec.hit == "collect" else kind
