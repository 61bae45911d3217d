"""Events as the SDKs of Segment and RudderStack send them: one call's, or a batch of any.

Unlike everywhere else, unknown fields are let pass: every SDK sends some of its own. An event
is read by itself, so that a bad one does not take its batch along.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from marshmallow import INCLUDE, Schema, fields
from msgspec import Struct

from engine.errors import InvalidRequest, Malformed, Problem
from engine.wire.batches import together
from engine.wire.body import MAX_DEPTH, first_fault, parse
from engine.wire.halves import mended
from engine.wire.identities import check_customer_id
from engine.wire.values import Word, milliseconds

BATCH = "batch"
CALLS: Mapping[str, str] = {
    "identify": "i",
    "track": "t",
    "page": "p",
    "screen": "s",
    "group": "g",
    "alias": "a",
    BATCH: "b",
}
"""The calls, and their short forms."""
ROUTES: Mapping[str, str] = {
    f"/v1/{name}": call for call, short in CALLS.items() for name in (call, short)
}
"""Paths to calls."""

NO_WRITE_KEY = (
    "send a key of this server as the write key: Basic authentication with no password, "
    "`writeKey` in the body, or `writeKey` in the query"
)
SUCCESS = b'{"success": true}'

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


class _Envelope(Struct, frozen=True, rename="camel"):
    """What is said once for all events of a body. Times and keys that do not fit count as none."""

    write_key: Any = None
    sent_at: Any = None
    context: msgspec.Raw = msgspec.Raw()
    batch: msgspec.Raw = msgspec.Raw()


class Delivery(NamedTuple):
    """What one request brought: events as sent, each of them `call` unless it says.

    `write_key` is the body's own; `sent_at` (ms) the sender's clock, None when it does not say.
    Nothing is taken apart before the key was looked at.
    """

    call: str
    write_key: str
    sent_at: int | None
    batch: msgspec.Raw
    context: msgspec.Raw

    def events(self) -> list[bytes]:
        """Each event, with the context that was said once for all. Raises InvalidRequest."""
        return [bytes(self.batch)] if self.call else together(self.batch, self.context)


class EventSchema(Schema):
    """One event. Fields not named here are let pass."""

    class Meta:
        unknown = INCLUDE

    type = fields.String(metadata={"description": "In a batch: which call it is."})
    messageId = fields.String(metadata={"description": "Makes a retry harmless, for 7 days."})  # noqa: N815
    userId = fields.String(metadata={"description": "The customer's id."})  # noqa: N815
    anonymousId = fields.String(allow_none=True)  # noqa: N815
    previousId = fields.String()  # noqa: N815
    groupId = fields.String()  # noqa: N815
    event = fields.String(metadata={"description": "Of `track`: what happened."})
    name = fields.String()
    timestamp = fields.DateTime()
    originalTimestamp = fields.DateTime()  # noqa: N815
    sentAt = fields.DateTime()  # noqa: N815
    properties = fields.Dict()
    traits = fields.Dict()
    context = fields.Dict(
        metadata={"description": "What a known bot's `userAgent` did does not count."}
    )
    writeKey = fields.String()  # noqa: N815


class EventBatchSchema(Schema):
    """Up to 2,500 events of any call; `context` holds for all of them."""

    class Meta:
        unknown = INCLUDE

    batch = fields.List(fields.Nested(EventSchema), required=True)
    sentAt = fields.DateTime()  # noqa: N815
    context = fields.Dict()
    writeKey = fields.String()  # noqa: N815


class EventsTakenSchema(Schema):
    """Always the same: what could not be taken in is set aside, for the operator to see."""

    success = fields.Boolean(required=True, metadata={"enum": [True]})


class SourceSettingsSchema(Schema):
    """What analytics.js asks for before it starts."""

    integrations = fields.Dict(required=True)


class _Brief(Struct, frozen=True, rename="camel"):
    """Enough of an event to know what it is and whose, whatever else is wrong with it."""

    type: Any = None
    message_id: Any = None
    user_id: Any = None
    anonymous_id: Any = None
    event: Any = None
    context: Any = None


_envelope = msgspec.json.Decoder(_Envelope)
_brief = msgspec.json.Decoder(_Brief)
_event = msgspec.json.Decoder(EventBody)


def read_delivery(call: str, body: bytes) -> Delivery:
    """The body of a call, its events unread. Raises Malformed, InvalidRequest."""
    try:
        envelope = _envelope.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = mended(body)
        envelope = _read_again(body)
    if call == BATCH and not bytes(envelope.batch):
        raise InvalidRequest([Problem("/batch", "is required")])
    key = envelope.write_key
    return Delivery(
        "" if call == BATCH else call,
        key if isinstance(key, str) else "",
        _moment(envelope.sent_at),
        envelope.batch if call == BATCH else msgspec.Raw(body),
        envelope.context,
    )


def read_event(raw: bytes, call: str) -> EventBody:
    """One event, of the given call or of the one it names. Raises InvalidRequest."""
    try:
        if b"\\u0000" in raw or raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
            parse(raw)
        event = _event.decode(raw)
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
    """What can be read of an event that `read_event` refuses; of nobody where an id is faulty."""
    try:
        said = _brief.decode(raw)
    except (ValueError, RecursionError):
        return EventBody()
    texts = [one if isinstance(one, str) else None for one in (said.type, said.event)]
    whose = {"userId": said.user_id, "anonymousId": said.anonymous_id}
    context = said.context if isinstance(said.context, dict) else None
    bare = EventBody(type=call or texts[0], event=texts[1], context=context)
    try:
        event = msgspec.convert({**whose, "messageId": said.message_id}, EventBody)
    except msgspec.ValidationError:
        return bare
    event = msgspec.structs.replace(event, type=bare.type, event=bare.event, context=context)
    fault = _fault(event)
    return bare if fault and fault.pointer == "/userId" else event


def happened_at(event: EventBody, sent_at: int | None, received_at: int) -> int:
    """When it happened by our clock, ms: never later than it was received.

    As Segment's: timestamp = receivedAt - (sentAt - originalTimestamp), so that a sender's clock
    may be a year off.
    """
    told = event.original_timestamp or event.timestamp
    if told is None:
        return received_at
    own = milliseconds(_aware(event.sent_at)) if event.sent_at else sent_at
    at = milliseconds(_aware(told))
    return max(0, min(received_at, at if own is None else received_at - (own - at)))


def user_agent_of(event: EventBody) -> str:
    """The visitor's user agent, as the SDKs in browsers and apps send it; empty if not."""
    said = (event.context or {}).get("userAgent")
    return said if isinstance(said, str) else ""


def write_key_of(authorization: str, body: str, query: str) -> str:
    """The write key of a request: Basic with an empty password, else the body's, else the query's.

    Empty when there is none. A header that is no Basic, or has a password, is no write key.
    """
    scheme, _, encoded = authorization.partition(" ")
    if not scheme:
        return body or query
    try:
        user, colon, password = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return ""
    return user if scheme.lower() == "basic" and colon and not password else ""


def source_settings(write_key: str) -> bytes:
    """What analytics.js reads before it starts."""
    return msgspec.json.encode({"integrations": {"Segment.io": {"apiKey": write_key}}})


def _fault(event: EventBody) -> Problem | None:
    """What keeps a well-formed event from meaning anything."""
    if event.type not in CALLS or event.type == BATCH:
        calls = ", ".join(call for call in CALLS if call != BATCH)
        return Problem("/type", f"must be one of: {calls}")
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


def _read_again(body: bytes) -> _Envelope:
    """The envelope of a mended body, or what is wrong with it."""
    try:
        return _envelope.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        document = parse(body)  # says it better
    if not isinstance(document, dict):
        raise Malformed("must be an object")
    raise InvalidRequest([Problem("/batch", "must be a list of events")])


def _moment(said: Any) -> int | None:
    try:
        return milliseconds(_aware(msgspec.convert(said, datetime)))
    except msgspec.ValidationError:
        return None


def _aware(moment: datetime) -> datetime:
    """A time without an offset is taken as UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
