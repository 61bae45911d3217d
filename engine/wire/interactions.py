"""`POST /v1/interactions`: outcomes of decisions and free interactions, row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Annotated, Any, Literal

import msgspec
from marshmallow import fields, validate
from msgspec import UNSET, Meta, Struct, UnsetType

from engine.domain import OUTCOMES, Interaction
from engine.errors import InvalidRequest, Malformed, Rejected
from engine.wire.body import MOST_SEARCHED, check, check_once, parse, read
from engine.wire.bots import UserAgent, UserAgentField, is_bot
from engine.wire.identities import CustomerBody, CustomerSchema
from engine.wire.problems import nearest, pointer_to
from engine.wire.values import (
    Id,
    IdField,
    JsonValue,
    Moment,
    MomentField,
    NumberField,
    Strict,
    Values,
    ValuesField,
    Word,
    WordField,
    alike,
    check_moments,
    held,
    milliseconds,
    one_of,
)

MAX_ROWS = 500
_MOST_VALUES = 20 * MAX_ROWS  # in a body whose rows cannot be told apart


class InteractionBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One interaction as sent."""

    id: Id
    customer: CustomerBody | UnsetType = UNSET
    decision_id: Word = ""
    outcome: Word = ""
    type: Word = ""
    action: Word = ""
    placement: Word = ""
    channel: Word = ""
    topic: Word = ""
    status: Literal["", "open", "closed"] = ""
    closes: Word = ""
    reason: Word = ""
    at: Moment | UnsetType = UNSET
    until: Moment | UnsetType = UNSET
    value: float | UnsetType = UNSET
    properties: Values = {}
    user_agent: UserAgent = None

    def __post_init__(self) -> None:
        check_moments(self.at, self.until)


class InteractionsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The body: rows are read one by one, so that a bad one does not take the others along."""

    interactions: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MAX_ROWS)]


class InteractionSchema(Strict):
    """An outcome of a decision (`decision_id`, `action`, `outcome`), or a free interaction
    (`customer`, `type`)."""

    id = IdField(required=True, metadata={"description": "Makes a retry harmless, for 7 days."})
    customer = fields.Nested(CustomerSchema)
    decision_id = WordField()
    outcome = WordField(metadata={"enum": ("", *OUTCOMES)})
    type = WordField(metadata={"description": "Your word for it: call, letter, visit …"})
    action = WordField()
    placement = WordField(metadata={"description": "Where shown, if in more than one place."})
    channel = WordField()
    topic = WordField()
    status = one_of("", "open", "closed")
    closes = WordField(metadata={"description": "The id of the interaction this one closes."})
    reason = WordField()
    at = MomentField(metadata={"description": "Default: now."})
    until = MomentField(metadata={"description": "When a snooze ends."})
    value = NumberField()
    properties = ValuesField()
    user_agent = UserAgentField(
        metadata={"description": "The visitor's: what a known bot did does not count."}
    )


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
    customer: Any = None
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
_NO = "unsubscribe"
_OF_A_NO = ("id", "customer", "decision_id", "action", "at")
_envelope = _EnvelopeSchema()
_schema = InteractionSchema()


def read_interactions(body: bytes) -> list[Read]:
    """The rows, each read or rejected. Raises Malformed or InvalidRequest for the whole."""
    try:
        return list(_read_rows(_decoder.decode(body).interactions))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        check(parse(body, _MOST_VALUES), dict, _envelope)
        raise


def says_no(row: InteractionBody) -> bool:
    """Whether it opts somebody out."""
    return row.outcome == _NO


def by_bot(row: InteractionBody) -> bool:
    """Whether a bot did it, so that it does not count. A no counts whoever says it (I4)."""
    return not says_no(row) and is_bot(row.user_agent)


def to_interaction(row: InteractionBody, now: int) -> Interaction:
    """The row as an interaction, `now` (ms) where it has no time. Raises Rejected."""
    if bool(row.outcome) == bool(row.type):
        raise Rejected("say either outcome (of a decision) or type (of a free interaction)")
    if row.outcome:
        _check_outcome(row)
    elif row.decision_id or row.customer is UNSET:
        raise Rejected("a free interaction names its customer and no decision_id")
    return Interaction(
        row.id,
        row.outcome or row.type,
        milliseconds(row.at) if row.at else now,
        row.decision_id,
        row.action,
        row.placement,
        row.channel,
        row.topic,
        row.status,
        row.closes,
        row.reason,
        milliseconds(row.until) if row.until else 0,
        None if row.value is UNSET else row.value,
        {name: _held(name, value) for name, value in row.properties.items()},
    )


def digested(row: InteractionBody) -> bytes:
    """The row as bytes that are the same however its numbers and times are written, and in
    whatever order, so that a retry is known by them."""
    plain = msgspec.structs.replace(
        row,
        at=row.at.astimezone(UTC) if row.at else UNSET,
        until=row.until.astimezone(UTC) if row.until else UNSET,
        properties={name: alike(value) for name, value in row.properties.items()},
    )
    return msgspec.json.encode(plain, order="deterministic")


def _held(name: str, value: JsonValue) -> JsonValue:
    try:
        return held(value)
    except ValueError as error:
        raise Rejected(f"/properties{pointer_to(name)}: {error}") from None


def _check_outcome(row: InteractionBody) -> None:
    if row.outcome not in OUTCOMES:
        hint = nearest(row.outcome, OUTCOMES) or f"; one of {', '.join(OUTCOMES)}"
        raise Rejected(f"{row.outcome!r} is no outcome{hint}")
    if not row.decision_id or not row.action:
        raise Rejected("an outcome names the decision_id and the action it answers")


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
        if _NO.encode() in row:  # maybe of two outcomes the first, which would go unheard
            check_once(row)
        return body
    except Malformed:
        raise  # then the whole body is not what we take
    except InvalidRequest as error:
        no = _no_of(row)
        return FaultyNo(index, no, str(error)) if no else RejectedRow(index, str(error))


def _no_of(row: bytes) -> InteractionBody | None:
    """What a faulty row says of an opt-out, as far as it can be read; None if it is none."""
    try:
        heard = _heard.decode(row)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if heard.outcome != _NO:
        return None
    needed, told = {"id": "-", "outcome": _NO}, msgspec.structs.asdict(heard)
    said = {name: told[name] for name in _OF_A_NO if _fits({**needed, name: told[name]})}
    no = msgspec.convert({**needed, **said}, InteractionBody)
    return no if "id" in said else msgspec.structs.replace(no, id="")


def _fits(row: dict[str, Any]) -> bool:
    try:
        msgspec.convert(row, InteractionBody)
    except msgspec.ValidationError:
        return False
    return True
