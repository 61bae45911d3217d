"""`POST /v1/decisions`: what may be asked, and how a plan is answered."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from marshmallow import fields, validate
from msgspec import UNSET, Meta, Struct, UnsetType

from engine.domain import Candidate, Explain, Mode, Reason
from engine.wire.body import read
from engine.wire.values import (
    Id,
    IdField,
    Strict,
    Values,
    ValuesField,
    WholeField,
    one_of,
)

MAX_PLACEMENTS = 50
MAX_SLOTS = 100
MAX_DEADLINE = 60_000


class CustomerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Who it is about."""

    id: Id


class PlacementBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A placement to fill."""

    id: Id
    slots: Annotated[int, Meta(ge=1, le=MAX_SLOTS)] | UnsetType = UNSET


class DecisionBody(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request to decide, as sent."""

    customer: CustomerBody
    channel: Id
    placements: Annotated[list[PlacementBody], Meta(min_length=1, max_length=MAX_PLACEMENTS)]
    context: Values = {}
    attributes: Values = {}
    explain: Explain = "chosen"
    mode: Mode = "live"
    request_id: Id | UnsetType = UNSET
    deadline_ms: Annotated[int, Meta(ge=1, le=MAX_DEADLINE)] | UnsetType = UNSET


class CustomerSchema(Strict):
    """Who it is about."""

    id = IdField(required=True, metadata={"description": "The customer's stable id."})


class PlacementSchema(Strict):
    """A placement to fill."""

    id = IdField(required=True)
    slots = WholeField(
        validate=validate.Range(1, MAX_SLOTS),
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
    mode = one_of("live", "preview")
    request_id = IdField(metadata={"description": "Makes a retry harmless, for 7 days."})
    deadline_ms = WholeField(validate=validate.Range(1, MAX_DEADLINE))


_decoder = msgspec.json.Decoder(DecisionBody)
_schema = DecisionRequestSchema()


def read_decision(body: bytes) -> DecisionBody:
    """The request as sent. Raises Malformed or InvalidRequest."""
    return read(body, DecisionBody, _decoder, _schema)


# ── the answer ───────────────────────────────────────────────────────────────────────


class ActionReply(Struct, frozen=True):
    """One chosen action, with the numbers that put it there."""

    action: str
    kind: str
    treatment: str
    rank: int
    content: dict[str, object]
    propensity: float
    value: float
    priority: float
    selection_probability: float
    token: str
    reasons: tuple[Reason, ...] | UnsetType = UNSET


class PlacementReply(Struct, frozen=True):
    """What goes into a placement: chosen actions, or its fallback's content."""

    id: str
    fallback: bool
    actions: list[ActionReply]
    content: dict[str, object] | UnsetType = UNSET


class Versions(Struct, frozen=True):
    """What decided: the catalogue's digest and the models' by name."""

    catalogue: str
    models: dict[str, str]


class DecisionReply(Struct, frozen=True):
    """The answer to a request to decide. `degraded`: why it is only the fallback, else null."""

    decision_id: str
    customer_id: str
    mode: Mode
    placements: list[PlacementReply]
    versions: Versions
    group: Literal["personalised", "holdout"] = "personalised"
    degraded: str | None = None
    candidates: tuple[Candidate, ...] | UnsetType = UNSET


class ReplayReply(Struct, frozen=True):
    """Whether deciding again from the record gave the same, and where it did not."""

    identical: bool
    decision: DecisionReply
    differences: list[str]


class ReasonSchema(Strict):
    """Why an action stands where it does."""

    code = fields.String(required=True)
    text = fields.String(required=True)


class ActionSchema(Strict):
    """One chosen action, with the numbers that put it there."""

    action = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(["offer", "message", "service"]))
    treatment = fields.String(required=True)
    rank = fields.Integer(required=True)
    content = fields.Dict(required=True)
    propensity = fields.Float(required=True)
    value = fields.Float(required=True)
    priority = fields.Float(required=True)
    selection_probability = fields.Float(required=True)
    token = fields.String(required=True)
    reasons = fields.List(fields.Nested(ReasonSchema))


class PlacementReplySchema(Strict):
    """What goes into a placement: chosen actions, or its fallback's content."""

    id = fields.String(required=True)
    fallback = fields.Boolean(required=True)
    content = fields.Dict(metadata={"description": "The fallback's, when `fallback` is true."})
    actions = fields.List(fields.Nested(ActionSchema), required=True)


class CandidateSchema(Strict):
    """An action that was not chosen, and the first reason why."""

    action = fields.String(required=True)
    placement = fields.String(required=True)
    stage = fields.String(required=True)
    code = fields.String(required=True)
    reason = fields.String(required=True)
    text = fields.String(required=True)


class VersionsSchema(Strict):
    """What decided."""

    catalogue = fields.String(required=True)
    models = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class DecisionSchema(Strict):
    """The answer to a request to decide."""

    decision_id = fields.String(required=True)
    customer_id = fields.String(required=True)
    mode = fields.String(required=True)
    placements = fields.List(fields.Nested(PlacementReplySchema), required=True)
    candidates = fields.List(fields.Nested(CandidateSchema))
    versions = fields.Nested(VersionsSchema, required=True)
    group = fields.String(required=True)
    degraded = fields.String(required=True, allow_none=True)


class ReplaySchema(Strict):
    """Whether deciding again from the record gave the same."""

    identical = fields.Boolean(required=True)
    decision = fields.Nested(DecisionSchema, required=True)
    differences = fields.List(fields.String(), required=True)
