"""One interaction as it is sent, an outcome of a decision or a free one, and what it means."""

from __future__ import annotations

from datetime import UTC
from typing import Literal

import msgspec
from marshmallow import fields
from msgspec import UNSET, Struct, UnsetType

from engine.domain import OUTCOMES, Interaction
from engine.errors import Rejected
from engine.wire.bots import UserAgent, UserAgentField, is_bot
from engine.wire.fields import (
    IdField,
    MomentField,
    NumberField,
    Strict,
    ValuesField,
    WordField,
    one_of,
)
from engine.wire.identities import CustomerBody, CustomerSchema
from engine.wire.problems import nearest, pointer_to
from engine.wire.values import (
    Id,
    JsonValue,
    Moment,
    Values,
    Word,
    alike,
    check_moments,
    held,
    milliseconds,
)

NO = "unsubscribe"
"""The outcome that opts somebody out."""


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


def says_no(row: InteractionBody) -> bool:
    """Whether it opts somebody out."""
    return row.outcome == NO


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
    if row.status and not row.topic and not (row.status == "closed" and row.closes):
        raise Rejected(f"status {row.status!r} is of a topic: name one")
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
