"""A request as the SDKs of Segment and RudderStack send it: one call's event, or a batch of any.

Unlike everywhere else, unknown fields are let pass: every SDK sends some of its own. An event
is read by itself (`one_event`), so that a bad one does not take its batch along.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from marshmallow import INCLUDE, Schema, fields
from msgspec import Struct

from engine.errors import InvalidRequest, Malformed, Problem
from engine.wire.batches import together
from engine.wire.body import once, parse, said_twice
from engine.wire.halves import mended
from engine.wire.one_event import CALLS, aware
from engine.wire.values import milliseconds

BATCH = "batch"
ROUTES: Mapping[str, str] = {
    f"/v1/{name}": call for call, short in {**CALLS, BATCH: "b"}.items() for name in (call, short)
}
"""Paths to calls."""

NO_WRITE_KEY = (
    "send a key of this server as the write key: Basic authentication with no password, "
    "`writeKey` in the body, or `writeKey` in the query"
)
SUCCESS = b'{"success": true}'


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


_BATCH = once(BATCH)
_envelope = msgspec.json.Decoder(_Envelope)


def read_delivery(call: str, body: bytes) -> Delivery:
    """The body of a call, its events unread. Raises Malformed, InvalidRequest."""
    try:
        envelope = _envelope.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = mended(body)
        envelope = _read_again(body)
    if call == BATCH and not bytes(envelope.batch):
        raise InvalidRequest([Problem("/batch", "is required")])
    if call == BATCH and said_twice(body, _BATCH):
        raise InvalidRequest([Problem("/batch", "is said more than once")])
    key = envelope.write_key
    return Delivery(
        "" if call == BATCH else call,
        key if isinstance(key, str) else "",
        _moment(envelope.sent_at),
        envelope.batch if call == BATCH else msgspec.Raw(body),
        envelope.context,
    )


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
        return milliseconds(aware(msgspec.convert(said, datetime)))
    except msgspec.ValidationError:
        return None
