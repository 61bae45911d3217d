"""Replies as the OpenAPI document has them, made of the very structs that are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct, inspect

_PLACE = "#/components/schemas/{name}"


def components(replies: Iterable[type[Struct]]) -> dict[str, dict[str, Any]]:
    """The schemas of replies and of all they hold, by the names of their classes. What is always
    written is required, though it may have a default. Docstrings lose their indent, which
    Markdown takes for code."""
    types = list(replies)
    found: dict[str, dict[str, Any]]
    _, found = msgspec.json.schema_components(types, ref_template=_PLACE)
    for told in inspect.multi_type_info(types):
        for struct in _structs(told):
            found[struct.cls.__name__]["required"] = _written(struct)
    for schema in found.values():
        schema["description"] = cleandoc(schema["description"])
    return found


def place_of(reply: type[Struct]) -> dict[str, str]:
    """Where the document has a reply's schema."""
    return {"$ref": _PLACE.format(name=reply.__name__)}


def _written(struct: inspect.StructType) -> list[str]:
    always = not struct.cls.__struct_config__.omit_defaults
    return [one.encode_name for one in struct.fields if one.required or (always and _default(one))]


def _default(field: inspect.Field) -> bool:
    """Whether it has one that is written; what is unset is left out."""
    return field.default is not NODEFAULT or field.default_factory is not NODEFAULT


def _structs(told: inspect.Type) -> Iterator[inspect.StructType]:
    match told:
        case inspect.StructType():
            yield told
            for field in told.fields:
                yield from _structs(field.type)
        case inspect.UnionType():
            for one in told.types:
                yield from _structs(one)
        case inspect.ListType() | inspect.VarTupleType():
            yield from _structs(told.item_type)
        case inspect.DictType():
            yield from _structs(told.value_type)
        case inspect.Metadata():
            yield from _structs(told.type)
        case _:
            return
