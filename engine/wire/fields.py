"""The building blocks of schemas, marshmallow's fields; `values` has the same as msgspec's types.

msgspec reads; where it refuses, these say every fault, and in our words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from engine.wire.problems import UNKNOWN
from engine.wire.values import (
    BLANK_OR_PRINTABLE,
    MAX_ID,
    MAX_ITEMS,
    TOO_LARGE,
    Changes,
    Moment,
    Values,
    check_moments,
    in_our_words,
)


class Strict(Schema):
    """A schema that refuses what it does not know, and says what is wrong in our words."""

    error_messages = {"unknown": UNKNOWN, "type": "must be an object"}  # noqa: RUF012

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        said = {"required": "is required", "null": "must not be null"}
        if isinstance(field_obj, fields.List):
            said["invalid"] = "must be a list"
            self.on_bind_field(field_name, field_obj.inner)
        elif isinstance(field_obj, fields.String):
            said["invalid"] = "must be a string"
        field_obj.error_messages = {**field_obj.error_messages, **said}


class TextField(fields.String):
    """1 to `most` characters, none of them a control character."""

    def __init__(self, most: int, **options: Any) -> None:
        super().__init__(
            validate=[
                validate.Length(1, most, error=f"must be 1 to {most} characters long"),
                validate.Regexp(
                    re.compile(BLANK_OR_PRINTABLE), error="must hold no control character"
                ),
            ],
            **options,
        )


class IdField(TextField):
    """1 to 256 characters, none of them a control character."""

    def __init__(self, **options: Any) -> None:
        super().__init__(MAX_ID, **options)


class WordField(fields.String):
    """As an id, but may be empty: not said."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            validate=[
                validate.Length(max=MAX_ID, error=f"must be at most {MAX_ID} characters long"),
                validate.Regexp(
                    re.compile(BLANK_OR_PRINTABLE), error="must hold no control character"
                ),
            ],
            **options,
        )


class WholeField(fields.Integer):
    """A whole number, `2.0` too as JSON Schema has it: neither a bool nor text."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if type(value) is int or (type(value) is float and value.is_integer()):
            return int(value)
        raise ValidationError("must be a whole number")


class NumberField(fields.Float):
    """A number: neither a bool nor text."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if type(value) not in (int, float):
            raise ValidationError("must be a number")
        try:
            return float(value)
        except OverflowError:
            raise ValidationError(TOO_LARGE) from None


class MomentField(fields.AwareDateTime):
    """An RFC 3339 time with its offset."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        return _moment(value)


class ValuesField(fields.Dict):
    """Names to values: text, numbers, booleans and flat lists of them; `null` where it deletes."""

    def __init__(self, *, deletes: bool = False, **options: Any) -> None:
        super().__init__(keys=IdField(), **options)
        self.deletes = deletes

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError("must be an object")
        if len(value) > MAX_ITEMS:
            raise ValidationError(f"must hold at most {MAX_ITEMS} names")
        shape = Changes if self.deletes else Values
        faults = {name: _fault(name, inner, shape) for name, inner in value.items()}
        if any(faults.values()):
            raise ValidationError({name: [fault] for name, fault in faults.items() if fault})
        return dict(value)


def one_to(most: int) -> validate.Range:
    """What a whole number from 1 to `most` is."""
    return validate.Range(1, most, error=f"must be 1 to {most:,}")


def one_of(*words: str, **options: Any) -> fields.String:
    """A field that takes one of a few words."""
    said = f"must be one of: {', '.join(filter(None, words))}"
    return fields.String(validate=validate.OneOf(words, error=said), **options)


def _moment(value: Any) -> datetime:
    try:
        moment = msgspec.convert(value, Moment)
    except msgspec.ValidationError:
        raise ValidationError(
            "must be an RFC 3339 time with an offset, such as 2026-11-21T10:00:00Z"
        ) from None
    try:
        check_moments(moment)
    except ValueError as error:
        raise ValidationError(str(error)) from None
    return moment


def _fault(name: str, value: object, shape: Any) -> str | None:
    """What is wrong with one value; the rest of the sentence is msgspec's."""
    try:
        msgspec.convert({name: value}, shape)
    except msgspec.ValidationError as error:
        if str(error).startswith("Expected `bool"):
            return "must be text, a number, true, false, or a flat list of them"
        return in_our_words(error)
    return None
