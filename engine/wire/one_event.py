"""One event, as the SDKs of Segment and RudderStack send it.

Unknown fields are let pass: every SDK sends some of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from engine.errors import InvalidRequest, Problem
from engine.wire.body import MAX_DEPTH, first_fault, once, parse, said_twice
from engine.wire.identities import check_customer_id
from engine.wire.values import MAX_ID, Word, milliseconds

CALLS: Mapping[str, str] = {
    "identify": "i",
    "track": "t",
    "page": "p",
    "screen": "s",
    "group": "g",
    "alias": "a",
}
"""What an event may be, each with the short form of its call."""

_EVENT, _IDS = once("event", "type"), once("userId", "anonymousId", "previousId")
ONCE = {**_EVENT, **_IDS}
"""What an event may say once: whose it is, or whether it opts out, hangs on which counts, and JSON
leaves that open."""

Properties = dict[str, Any]


class EventBody(Struct, frozen=True, rename="camel"):
    """One event; every text may be missing, null or empty."""

    type: Word | None = None
    message_id: Word | None = None
    user_id: Word | int | None = None
    anonymous_id: Word | int | None = None
    previous_id: Word | int | None = None
    group_id: Word | int | None = None
    event: Word | None = None
    name: Word | None = None
    timestamp: datetime | None = None
    original_timestamp: datetime | None = None
    sent_at: datetime | None = None
    properties: Properties | None = None
    traits: Properties | None = None
    context: Properties | None = None


class _Brief(Struct, frozen=True, rename="camel"):
    """Enough of an event to know what it is and whose, whatever else is wrong with it."""

    type: msgspec.Raw = msgspec.Raw()
    message_id: msgspec.Raw = msgspec.Raw()
    user_id: msgspec.Raw = msgspec.Raw()
    anonymous_id: msgspec.Raw = msgspec.Raw()
    event: msgspec.Raw = msgspec.Raw()
    context: msgspec.Raw = msgspec.Raw()


_ILLEGIBLE: list[object] = []
_TIME = "must be an RFC 3339 time, such as 2026-11-21T10:00:00Z"
_MUST = {
    **dict.fromkeys(("", "/properties", "/traits", "/context"), "must be an object"),
    **dict.fromkeys(("/timestamp", "/originalTimestamp", "/sentAt"), _TIME),
    **dict.fromkeys(
        ("/userId", "/anonymousId", "/previousId", "/groupId"), "must be text or a whole number"
    ),
}

_brief = msgspec.json.Decoder(_Brief)
_event = msgspec.json.Decoder(EventBody)


def read_event(raw: bytes, call: str) -> EventBody:
    """One event, of the given call or of the one it names. Raises InvalidRequest."""
    try:
        if b"\\u0000" in raw or raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
            parse(raw)
        if twice := said_twice(raw, ONCE):
            raise InvalidRequest([Problem(f"/{twice}", "is said more than once")])
        event = _event.decode(raw)
    except msgspec.ValidationError as error:
        raise InvalidRequest([_misfit(first_fault(error))]) from None
    except msgspec.DecodeError as error:
        raise InvalidRequest([first_fault(error)]) from None
    except UnicodeDecodeError:
        raise InvalidRequest([Problem("", "must be UTF-8")]) from None
    event = msgspec.structs.replace(event, type=call) if call else event
    fault = _fault(event)
    if fault:
        raise InvalidRequest([fault])
    return event


def read_briefly(raw: bytes, call: str) -> EventBody:
    """What can be read of an event that `read_event` refuses; of nobody where who it is of is
    faulty, or said twice. A message id that is faulty is none, and takes nobody's no away."""
    try:
        said = _brief.decode(raw)
    except (ValueError, RecursionError):
        return EventBody()
    kind, what, user, visitor, message, around = map(
        _legible,
        (said.type, said.event, said.user_id, said.anonymous_id, said.message_id, said.context),
    )
    texts = [one if isinstance(one, str) else None for one in (kind, what)]
    unsure = said_twice(raw, _IDS)
    whose = {} if unsure else {"userId": user, "anonymousId": visitor}
    context = around if isinstance(around, dict) else None
    bare = EventBody(type=call or texts[0], event=texts[1], context=context)
    try:
        event = msgspec.convert({**whose, "messageId": _word(message)}, EventBody)
    except msgspec.ValidationError:
        return bare
    event = msgspec.structs.replace(event, type=bare.type, event=bare.event, context=context)
    fault = _fault(event)
    return bare if fault and fault.pointer == "/userId" else event


def _misfit(fault: Problem) -> Problem:
    """What is wrong with a field, in our words."""
    if "length" in fault.detail:
        return Problem(fault.pointer, f"must be at most {MAX_ID} characters long")
    if "control character" in fault.detail:
        return fault
    return Problem(fault.pointer, _MUST.get(fault.pointer, "must be text"))


def _legible(value: msgspec.Raw) -> object:
    """A value of an event; one that cannot be read is none that fits anywhere, and takes no other
    along."""
    if not bytes(value):
        return None
    try:
        return msgspec.json.decode(value)
    except (ValueError, RecursionError):
        return _ILLEGIBLE


def _word(value: object) -> str | None:
    try:
        return msgspec.convert(value, Word | None)
    except msgspec.ValidationError:
        return None


def unclear(raw: bytes) -> bool:
    """Whether an event says twice what happened, so that one of the two may be an opt-out."""
    return bool(said_twice(raw, _EVENT))


def happened_at(event: EventBody, sent_at: int | None, received_at: int) -> int:
    """When it happened by our clock, ms: never later than it was received.

    As Segment's: timestamp = receivedAt - (sentAt - originalTimestamp), so that a sender's clock
    may be a year off.
    """
    told = event.original_timestamp or event.timestamp
    if told is None:
        return received_at
    own = milliseconds(aware(event.sent_at)) if event.sent_at else sent_at
    at = milliseconds(aware(told))
    return max(0, min(received_at, at if own is None else received_at - (own - at)))


def user_agent_of(event: EventBody) -> str:
    """The visitor's user agent, as the SDKs in browsers and apps send it; empty if not."""
    said = (event.context or {}).get("userAgent")
    return said if isinstance(said, str) else ""


def aware(moment: datetime) -> datetime:
    """A time without an offset is taken as UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _fault(event: EventBody) -> Problem | None:
    """What keeps a well-formed event from meaning anything."""
    if event.type not in CALLS:
        return Problem("/type", f"must be one of: {', '.join(CALLS)}")
    if not event.user_id and not event.anonymous_id:
        return Problem("/userId", "an event needs a userId or an anonymousId")
    if event.user_id:
        try:
            check_customer_id(str(event.user_id), "userId")
        except InvalidRequest as error:
            return Problem("/userId", error.problems[0].detail)
    if event.type == "track" and not event.event:
        return Problem("/event", "a track says what happened: it needs an event")
    if event.type == "alias" and not (event.user_id and event.previous_id):
        return Problem("/previousId", "an alias needs a userId and a previousId")
    return None
