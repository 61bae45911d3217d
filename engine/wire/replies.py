"""How a decision is answered: structs to write the answer with, schemas that describe it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from marshmallow import fields, validate
from msgspec import UNSET, Struct, UnsetType

from engine.domain import Value
from engine.plan import Candidate, Filled, Mode, Reason
from engine.wire.values import Strict

Sign = Callable[[str, str, str], str]


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


class RankedReply(Struct, frozen=True):
    """A row of the head of a placement's ranking."""

    placement: str
    action: str
    propensity: float
    priority: float


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


class DecisionView(Struct, frozen=True):
    """A stored decision: the answer with every candidate, and what it was asked and made from.

    `at` is RFC 3339; `ranking` is the head of each placement's, before anything was drawn.
    """

    decision: DecisionReply
    at: str
    channel: str
    context: dict[str, Value]
    ranking: list[RankedReply]


class ReplayReply(Struct, frozen=True):
    """Whether deciding again from the record gave the same, and where it did not."""

    identical: bool
    decision: DecisionReply
    differences: list[str]


def placement_reply(
    filled: Filled, decision_id: str, sign: Sign, explained: bool
) -> PlacementReply:
    """A filled placement as answered; `sign` makes each action's token."""
    return PlacementReply(
        filled.id,
        filled.fallback,
        [
            ActionReply(
                chosen.action,
                chosen.kind,
                chosen.treatment,
                chosen.rank,
                chosen.content,
                chosen.propensity,
                chosen.value,
                chosen.priority,
                chosen.selection_probability,
                sign(decision_id, filled.id, chosen.action),
                chosen.reasons if explained else UNSET,
            )
            for chosen in filled.actions
        ],
        (filled.content or {}) if filled.fallback else UNSET,
    )


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


class RankedSchema(Strict):
    """A row of the head of a placement's ranking."""

    placement = fields.String(required=True)
    action = fields.String(required=True)
    propensity = fields.Float(required=True)
    priority = fields.Float(required=True)


class DecisionViewSchema(Strict):
    """A stored decision, with every candidate and why it was not chosen."""

    decision = fields.Nested(DecisionSchema, required=True)
    at = fields.AwareDateTime(required=True)
    channel = fields.String(required=True)
    context = fields.Dict(required=True)
    ranking = fields.List(fields.Nested(RankedSchema), required=True)


class ReplaySchema(Strict):
    """Whether deciding again from the record gave the same."""

    identical = fields.Boolean(required=True)
    decision = fields.Nested(DecisionSchema, required=True)
    differences = fields.List(fields.String(), required=True)
