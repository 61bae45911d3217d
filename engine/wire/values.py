"""The building blocks of bodies, each in both notations: msgspec's types and marshmallow's fields.

Every text has a limit and no control character; times carry an offset. A number is what it is
however it is written: `1` and `1.0` are one, and a whole one beyond 64 bits, which is all that the
store's encoding has room for, is the double nearest to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from msgspec import Meta, UnsetType

from engine.errors import InvalidRequest, Problem
from engine.wire.problems import UNKNOWN

MAX_ID = 256
MAX_TEXT = 8192
MAX_ITEMS = 256
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
PRINTABLE = r"\A[^\x00-\x1f\x7f-\x9f]+\Z"
_BLANK_OR_PRINTABLE = r"\A[^\x00-\x1f\x7f-\x9f]*\Z"
_WHOLE = 2**63
_TOO_LARGE = "must be a number of at most 1.8e308"

Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID, pattern=PRINTABLE)]
Word = Annotated[str, Meta(max_length=MAX_ID, pattern=_BLANK_OR_PRINTABLE)]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Scalar = bool | int | float | Text
Items = Annotated[list[Scalar], Meta(max_length=MAX_ITEMS)]
JsonValue = Scalar | Items
Values = Annotated[dict[Id, JsonValue], Meta(max_length=MAX_ITEMS)]
Changes = Annotated[dict[Id, JsonValue | None], Meta(max_length=MAX_ITEMS)]
Moment = Annotated[datetime, Meta(tz=True)]
Stamp = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""A time as it is answered, RFC 3339."""


class Strict(Schema):
    """A schema that refuses what it does not know, and says what is wrong in our words."""

    error_messages = {"unknown": UNKNOWN, "type": "must be an object"}  # noqa: RUF012

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002
        said = {"required": "is required", "null": "must not be null"}
        if isinstance(field_obj, fields.List):
            said["invalid"] = "must be a list"
        field_obj.error_messages = {**field_obj.error_messages, **said}


class TextField(fields.String):
    """1 to `most` characters, none of them a control character."""

    def __init__(self, most: int, **options: Any) -> None:
        super().__init__(
            validate=[
                validate.Length(1, most, error=f"must be 1 to {most} characters long"),
                validate.Regexp(re.compile(PRINTABLE), error="must hold no control character"),
            ],
            error_messages={"invalid": "must be a string", "required": "is required"},
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
                    re.compile(_BLANK_OR_PRINTABLE), error="must hold no control character"
                ),
            ],
            error_messages={"invalid": "must be a string"},
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
            raise ValidationError(_TOO_LARGE) from None


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


def one_of(*words: str) -> fields.String:
    """A field that takes one of a few words."""
    return fields.String(
        validate=validate.OneOf(words, error=f"must be one of: {', '.join(filter(None, words))}"),
        error_messages={"invalid": "must be a string"},
    )


def held(value: JsonValue) -> JsonValue:
    """A value as the store can hold it. Raises ValueError for a number beyond 1.8e308."""
    if isinstance(value, list):
        return [_number(one) for one in value]
    return _number(value)


def alike(value: JsonValue) -> JsonValue:
    """A value that is the same for numbers that are equal; one beyond 1.8e308 stays as it is."""
    if isinstance(value, list):
        return [_alike(one) for one in value]
    return _alike(value)


def check_moments(*moments: datetime | UnsetType) -> None:
    """Raises ValueError for a time that UTC puts before the year 1 or after 9999: its offset
    led it off the calendar, so nobody could be told it again."""
    for moment in moments:
        if moment and not _FIRST <= moment <= _LAST:
            raise ValueError("must be a time in the years 1 to 9999, UTC")


def milliseconds(moment: datetime) -> int:
    """A time as whole milliseconds since the epoch."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def rfc3339(at: int) -> str:
    """Milliseconds since the epoch as RFC 3339, UTC."""
    moment = _EPOCH + timedelta(milliseconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(duration: int) -> str:
    """Milliseconds as a duration is written: `90s`, or `1500ms` where seconds are not whole."""
    return f"{duration}ms" if duration % 1000 else f"{duration // 1000}s"


def _number(one: Scalar) -> Scalar:
    if type(one) is not int or -_WHOLE <= one < _WHOLE:
        return one
    try:
        return float(one)
    except OverflowError:
        raise ValueError(_TOO_LARGE) from None


def _alike(one: Scalar) -> Scalar:
    if type(one) is float and one.is_integer() and -_WHOLE <= one < _WHOLE:
        return int(one)
    with suppress(ValueError):
        return _number(one)
    return one


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
        what = str(error).split(" - at ", 1)[0]
        if what.startswith("Expected `bool"):
            return "must be text, a number, true, false, or a flat list of them"
        return what.replace("`", "").lower()
    return None


def check_id(text: str, what: str) -> str:
    """An id sent outside a body. Raises InvalidRequest, which calls it `what`."""
    try:
        return msgspec.convert(text, Id)
    except msgspec.ValidationError:
        detail = f"{what} must be 1 to {MAX_ID} characters long, none of them a control character"
        raise InvalidRequest([Problem("", detail)]) from None
