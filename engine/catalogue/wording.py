"""Why a value does not have the shape it should, in sentences for people.

Only asked once something does not fit: the JSON schema that the struct itself generates
finds every fault of the value, not just the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from engine.catalogue.faults import nearest
from engine.catalogue.source import Path

# JSON Schema counts 2.0 among the whole numbers, and a struct does not
_Validator: type[Draft202012Validator] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)

UNBUILT_KEYS = frozenset({"budget", "holdout", "kpis"})
_NOUNS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


class Misfit(NamedTuple):
    """One thing wrong: where below the value, what, and what to try.

    `surplus`: the path leads to a key that has no business there; elsewhere `wanted` is the
    JSON schema of what belongs there.
    """

    path: Path
    what: str
    hint: str = ""
    surplus: bool = False
    wanted: Mapping[str, Any] = MappingProxyType({})


def misfits(value: object, shape: Any, failure: msgspec.ValidationError) -> list[Misfit]:
    """All that keeps `value` from being a `shape`; `failure` is what converting it said."""
    found = [misfit for error in _validator(shape).iter_errors(value) for misfit in _explain(error)]
    once = {(misfit.path, misfit.what): misfit for misfit in found}
    return list(once.values()) or [Misfit((), str(failure))]


def definitions(shape: Any) -> Mapping[str, Any]:
    """The JSON schemas that the one of `shape` refers to, by name."""
    schema: Any = _validator(shape).schema
    named: Mapping[str, Any] = schema.get("$defs", {})
    return named


def unknown_key(path: Path, key: str, known: Iterator[str] | Mapping[str, Any]) -> Misfit:
    """A key that has no business there."""
    if key in UNBUILT_KEYS:
        return Misfit((*path, key), f"`{key}` is not built yet", "leave it out for now", True)
    return Misfit((*path, key), f"unknown key `{key}`", nearest(key, known), True)


@cache
def _validator(shape: Any) -> Draft202012Validator:
    return _Validator(msgspec.json.schema(shape))


def _explain(error: ValidationError) -> Iterator[Misfit]:
    path: Path = tuple(error.absolute_path)
    limit: Any = error.validator_value
    value: Any = error.instance
    schema: Any = error.schema
    place = (*path, value) if "propertyNames" in error.schema_path else path
    match error.validator:
        case "additionalProperties":
            known = schema.get("properties", {})
            yield from (unknown_key(path, key, known) for key in value if key not in known)
        case "required":
            for key in limit:
                if key not in value:
                    wanted = schema["properties"][key]
                    yield Misfit((*path, key), f"`{key}` is missing", wanted=wanted)
        case "anyOf":
            yield from _closest(error, path)
        case "type":
            what = f"{_field(path)} must be {_NOUNS[limit]}, not {_noun(value)}"
            yield Misfit(path, what, wanted=schema)
        case "enum":
            what = f"{_field(path)} cannot be {_show(value)}"
            yield Misfit(place, what, nearest(str(value), limit), wanted=schema)
        case _:
            yield Misfit(place, _bound(str(error.validator), path, limit, value), wanted=schema)


def _closest(error: ValidationError, path: Path) -> Iterator[Misfit]:
    """The faults of the one alternative of the value's own type, or that there is none."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(inner)
    for errors in branches.values():
        if not any(inner.validator == "type" and not inner.path for inner in errors):
            if _enum_of_other_type(errors):
                continue
            for inner in errors:
                yield from _explain(inner)
            return
    options: Any = error.validator_value
    wanted = [_wanted(option) for option in options if option.get("type") != "null"]
    what = f"{_field(path)} must be {' or '.join(wanted)}, not {_noun(error.instance)}"
    schema: Any = error.schema
    yield Misfit(path, what, wanted=schema)


def _enum_of_other_type(errors: list[ValidationError]) -> bool:
    return any(
        inner.validator == "enum" and not inner.path and not isinstance(inner.instance, str)
        for inner in errors
    )


def _wanted(option: Mapping[str, Any]) -> str:
    if "enum" in option:
        return "one of " + ", ".join(map(str, option["enum"]))
    return _NOUNS[option.get("type", "object")]


def _bound(rule: str, path: Path, limit: Any, value: object) -> str:
    field = _field(path)
    match rule:
        case "minimum":
            return f"{field} must be at least {limit:g}, not {_show(value)}"
        case "maximum":
            return f"{field} must be at most {limit:g}, not {_show(value)}"
        case "minLength" | "minItems":
            return f"{field} must not be empty"
        case "maxLength" | "maxItems":
            return f"{field} is longer than {limit}"
        case "pattern":
            return f"{_show(value)} is not a name: letters, digits, `_` and, in ids, `.` `:` `-`"
    return f"{field} does not fit ({rule})"


def _field(path: Path) -> str:
    names = [step for step in path if isinstance(step, str)]
    field = f"`{names[-1]}`" if names else "this"
    return f"item {path[-1] + 1} of {field}" if path and isinstance(path[-1], int) else field


def _noun(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    return "a list" if isinstance(value, list) else _show(value)


def _show(value: object) -> str:
    text = str(value)
    return f"`{text if len(text) <= 60 else text[:57] + '…'}`"
