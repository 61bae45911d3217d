"""`POST /v1/interactions`: the body, row by row, so that a bad one does not take others along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import msgspec
from marshmallow import fields, validate
from msgspec import Meta, Struct

from engine.errors import InvalidRequest, Malformed
from engine.wire.body import MOST_SEARCHED, check, check_once, once, parse, read, said_twice
from engine.wire.fields import Strict
from engine.wire.one_interaction import NO, InteractionBody, InteractionSchema

MAX_ROWS = 500
_MOST_VALUES = 20 * MAX_ROWS  # in a body whose rows cannot be told apart


class InteractionsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The body with its rows left unread."""

    interactions: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MAX_ROWS)]


class InteractionsSchema(Strict):
    """1 to 500 interactions."""

    interactions = fields.List(
        fields.Nested(InteractionSchema),
        required=True,
        validate=validate.Length(1, MAX_ROWS, error=f"must be 1 to {MAX_ROWS} interactions"),
    )


class _EnvelopeSchema(Strict):
    """The body with its rows left unread."""

    interactions = fields.List(
        fields.Raw(allow_none=True),
        required=True,
        validate=InteractionsSchema().fields["interactions"].validate,
    )


class RejectedRow(Struct, frozen=True):
    """A row kept out: its index in the request, and why."""

    index: int
    reason: str


class FaultyNo(Struct, frozen=True):
    """An opt-out whose row is faulty: its index in the request, what of it says whom and what it is
    about (`id` is empty where it cannot be read), and why nothing else of it counts."""

    index: int
    body: InteractionBody
    reason: str


class _Heard(Struct, frozen=True):
    """What matters of an opt-out, whatever else is wrong with its row."""

    outcome: Any = None
    id: Any = None
    customer: msgspec.Raw = msgspec.Raw(b"null")
    decision_id: Any = None
    action: Any = None
    at: Any = None


Read = InteractionBody | FaultyNo | RejectedRow


class InteractionsReply(Struct, frozen=True):
    """What became of the rows; the accepted count from the very next request on, those of bots
    never."""

    accepted: int
    duplicates: int
    rejected: list[RejectedRow]
    bots: int


_decoder = msgspec.json.Decoder(InteractionsBody)
_row = msgspec.json.Decoder(InteractionBody)
_heard = msgspec.json.Decoder(_Heard)
_OF_A_NO = {name: once(name) for name in ("id", "customer", "decision_id", "action", "at")}
_OF_WHOM = once("id", "identity")
_envelope = _EnvelopeSchema()
_schema = InteractionSchema()


def read_interactions(body: bytes) -> list[Read]:
    """The rows, each read or rejected. Raises Malformed or InvalidRequest for the whole."""
    try:
        return list(_read_rows(_decoder.decode(body).interactions))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Malformed):
        check(parse(body, _MOST_VALUES), dict, _envelope)
        raise


def _read_rows(rows: Iterable[msgspec.Raw]) -> Iterator[Read]:
    """Where many values of rows are looked at that are not in order, of a further row only its
    first fault is said: to look for all takes long."""
    left = MOST_SEARCHED
    for index, raw in enumerate(rows):
        row = bytes(raw)
        one = _read_row(index, row, MOST_SEARCHED if left > 0 else 0)
        if not isinstance(one, InteractionBody):
            left -= row.count(b",") + 1
        yield one


def _read_row(index: int, row: bytes, most: int) -> Read:
    try:
        body = read(row, InteractionBody, _row, _schema, most)
        if NO.encode() in row or b"\\u00" in row:  # maybe of two outcomes the first, unheard
            check_once(row)
        return body
    except Malformed:
        raise  # then the whole body is not what we take
    except InvalidRequest as error:
        no = _no_of(row)
        return FaultyNo(index, no, str(error)) if no else RejectedRow(index, str(error))


def _no_of(row: bytes) -> InteractionBody | None:
    """What a faulty row says of an opt-out, as far as it can be read, and once: a no that is
    counted for somebody else is not heard. None if it is none."""
    try:
        heard = _heard.decode(row)
        whose = msgspec.json.decode(heard.customer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if heard.outcome != NO:
        return None
    unsure = said_twice(bytes(heard.customer), _OF_WHOM)
    told = {**msgspec.structs.asdict(heard), "customer": None if unsure else whose}
    needed = {"id": "-", "outcome": NO}
    said = {
        name: told[name]
        for name, itself in _OF_A_NO.items()
        if not said_twice(row, itself) and _fits({**needed, name: told[name]})
    }
    no = msgspec.convert({**needed, **said}, InteractionBody)
    return no if "id" in said else msgspec.structs.replace(no, id="")


def _fits(row: dict[str, Any]) -> bool:
    try:
        msgspec.convert(row, InteractionBody)
    except msgspec.ValidationError:
        return False
    return True
