"""The building blocks of bodies, msgspec's types; `fields` has the same as marshmallow's fields.

Every text has a limit and no control character; times carry an offset. A number is what it is
however it is written: `1` and `1.0` are one, and a whole one beyond 64 bits, which is all that the
store's encoding has room for, is the double nearest to it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta, UnsetType

from engine.errors import InvalidRequest, Problem

MAX_ID = 256
MAX_TEXT = 8192
MAX_ITEMS = 256
PRINTABLE = r"\A[^\x00-\x1f\x7f-\x9f]+\Z"
BLANK_OR_PRINTABLE = r"\A[^\x00-\x1f\x7f-\x9f]*\Z"
TOO_LARGE = "must be a number of at most 1.8e308"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_WHOLE = 2**63

Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID, pattern=PRINTABLE)]
Word = Annotated[str, Meta(max_length=MAX_ID, pattern=BLANK_OR_PRINTABLE)]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Scalar = bool | int | float | Text
Items = Annotated[list[Scalar], Meta(max_length=MAX_ITEMS)]
JsonValue = Scalar | Items
Values = Annotated[dict[Id, JsonValue], Meta(max_length=MAX_ITEMS)]
Changes = Annotated[dict[Id, JsonValue | None], Meta(max_length=MAX_ITEMS)]
Moment = Annotated[datetime, Meta(tz=True)]
Stamp = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
"""A time as it is answered, RFC 3339."""


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
    return (moment - _EPOCH) // _MILLISECOND


def rfc3339(at: int) -> str:
    """Milliseconds since the epoch as RFC 3339, UTC."""
    moment = _EPOCH + timedelta(milliseconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(duration: int) -> str:
    """Milliseconds as a duration is written: `90s`, or `1500ms` where seconds are not whole."""
    return f"{duration}ms" if duration % 1000 else f"{duration // 1000}s"


def check_id(text: str, what: str) -> str:
    """An id sent outside a body. Raises InvalidRequest, which calls it `what`."""
    try:
        return msgspec.convert(text, Id)
    except msgspec.ValidationError:
        detail = f"{what} must be 1 to {MAX_ID} characters long, none of them a control character"
        raise InvalidRequest([Problem("", detail)]) from None


def in_our_words(error: msgspec.DecodeError) -> str:
    """What msgspec says is wrong, without where."""
    what = str(error).split(" - at ", 1)[0]
    if any(repr(pattern) in what for pattern in (PRINTABLE, BLANK_OR_PRINTABLE)):
        return "must hold no control character"
    return what.replace("`", "").lower()


def _number(one: Scalar) -> Scalar:
    if type(one) is not int or -_WHOLE <= one < _WHOLE:
        return one
    try:
        return float(one)
    except OverflowError:
        raise ValueError(TOO_LARGE) from None


def _alike(one: Scalar) -> Scalar:
    if type(one) is float and one.is_integer() and -_WHOLE <= one < _WHOLE:
        return int(one)
    with suppress(ValueError):
        return _number(one)
    return one
