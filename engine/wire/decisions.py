"""`POST /v1/decisions`: what may be asked, first of the wire, then of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
from marshmallow import fields, validate
from msgspec import UNSET, Meta, Struct, UnsetType

from engine.catalogue import Catalogue
from engine.domain import Value
from engine.errors import InvalidRequest, Problem
from engine.plan import DecisionRequest, Explain, Mode, PlacementAsk
from engine.wire.body import read
from engine.wire.bots import UserAgent, UserAgentField, is_bot
from engine.wire.fields import IdField, Strict, ValuesField, WholeField, one_of, one_to
from engine.wire.identities import CustomerBody, CustomerSchema
from engine.wire.problems import nearest
from engine.wire.values import Id, Values, check_id

MAX_PLACEMENTS = 50
MAX_SLOTS = 100
MAX_DEADLINE = 60_000


class PlacementBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A placement to fill."""

    id: Id
    slots: Annotated[float, Meta(ge=1, le=MAX_SLOTS, multiple_of=1)] | UnsetType = UNSET


class DecisionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request to decide, as sent."""

    customer: CustomerBody
    channel: Id
    placements: Annotated[list[PlacementBody], Meta(min_length=1, max_length=MAX_PLACEMENTS)]
    context: Values = {}
    attributes: Values = {}
    explain: Explain = "chosen"
    mode: Mode = "live"
    user_agent: UserAgent = None
    request_id: Id | UnsetType = UNSET
    deadline_ms: Annotated[float, Meta(ge=1, le=MAX_DEADLINE, multiple_of=1)] | UnsetType = UNSET


class PlacementSchema(Strict):
    """A placement to fill."""

    id = IdField(required=True)
    slots = WholeField(
        validate=one_to(MAX_SLOTS),
        metadata={"description": "At most, and by default, as many as the placement has."},
    )


class DecisionRequestSchema(Strict):
    """A request to decide for one customer, in one channel."""

    customer = fields.Nested(CustomerSchema, required=True)
    channel = IdField(required=True)
    placements = fields.List(
        fields.Nested(PlacementSchema),
        required=True,
        validate=validate.Length(1, MAX_PLACEMENTS, error="must be 1 to 50 placements"),
    )
    context = ValuesField(metadata={"description": "Facts of the moment, as declared."})
    attributes = ValuesField(metadata={"description": "Facts that hold for this request only."})
    explain = one_of("none", "chosen", "full")
    mode = one_of("live", "preview", "bot")
    user_agent = UserAgentField(
        metadata={"description": "The visitor's: a known bot's makes `mode` `bot`."}
    )
    request_id = IdField(metadata={"description": "Makes a retry harmless, for 7 days."})
    deadline_ms = WholeField(validate=one_to(MAX_DEADLINE))


_decoder = msgspec.json.Decoder(DecisionBody)
_schema = DecisionRequestSchema()


def read_decision(body: bytes) -> DecisionBody:
    """The request as sent. Raises Malformed or InvalidRequest."""
    return read(body, DecisionBody, _decoder, _schema)


def read_asked(body: bytes, headers: Mapping[str, str]) -> tuple[DecisionBody, str | None, bool]:
    """The request as sent over HTTP: its body, its idempotency key, and whether Global Privacy
    Control was signalled; `headers` as WSGI names them. Raises Malformed or InvalidRequest."""
    key, signal = headers.get("HTTP_IDEMPOTENCY_KEY"), headers.get("HTTP_SEC_GPC")
    return read_decision(body), _key(key), _says_gpc(signal)


def _key(header: str | None) -> str | None:
    """An `Idempotency-Key` header. Raises InvalidRequest for one that is empty, as our server
    passes on any that is not ASCII: the retry it stands for would be decided anew."""
    if header is None:
        return None
    if not header.isascii():
        header = ""
    return check_id(header, "the Idempotency-Key header (in ASCII; `request_id` takes any)")


def _says_gpc(header: str | None) -> bool:
    """Whether a `Sec-GPC` header is the signal; what passed it on may have said it twice, or
    said otherwise beside it."""
    return header is not None and "1" in [said.strip() for said in header.split(",")]


def to_request(
    body: DecisionBody, catalogue: Catalogue, key: str | None, privacy_signal: bool
) -> DecisionRequest:
    """The request in the catalogue's terms; of nobody yet where it names an identity.

    `key` is the `Idempotency-Key` header. Raises InvalidRequest for a placement, a context
    value or an attribute the catalogue does not declare as sent, all of them at once.
    """
    problems = [
        problem
        for index, ask in enumerate(body.placements)
        for problem in _placement_problems(index, ask, body, catalogue)
    ]
    if key and body.request_id and key != body.request_id:
        problems.append(
            Problem("/request_id", "differs from the Idempotency-Key header: send one of them")
        )
    context = _typed(body.context, catalogue, "context", problems)
    attributes = _typed(body.attributes, catalogue, "customer", problems)
    if problems:
        raise InvalidRequest(problems)
    return DecisionRequest(
        body.customer.id or "",
        body.channel,
        tuple([PlacementAsk(ask.id, int(ask.slots or 0) or None) for ask in body.placements]),
        context,
        attributes,
        body.explain,
        "bot" if is_bot(body.user_agent) else body.mode,
        key or body.request_id or None,
        privacy_signal,
    )


def _typed(
    values: Values, catalogue: Catalogue, which: str, problems: list[Problem]
) -> dict[str, Value]:
    """The values as the catalogue's schema has them; what is wrong joins `problems`."""
    if not values:
        return {}
    try:
        return catalogue.validate_attributes(values, which)
    except InvalidRequest as error:
        problems.extend(error.problems)
        return {}


def _placement_problems(
    index: int, ask: PlacementBody, body: DecisionBody, catalogue: Catalogue
) -> Iterator[Problem]:
    at = f"/placements/{index}"
    placement = catalogue.placements.get(ask.id)
    if placement is None:
        hint = nearest(ask.id, catalogue.placements)
        yield Problem(f"{at}/id", f"the catalogue has no such placement{hint}")
        return
    if placement.channel != body.channel:
        yield Problem("/channel", f"{ask.id} is a placement of the channel {placement.channel!r}")
    if ask.slots and ask.slots > placement.slots:
        yield Problem(f"{at}/slots", f"{ask.id} has {placement.slots}")
    if index and any(ask.id == other.id for other in body.placements[:index]):
        yield Problem(f"{at}/id", "is asked for twice")
