"""How a decision is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from engine.domain import Kind, Value
from engine.plan import Candidate, DecisionRequest, Filled, Mode, Plan, Reason
from engine.wire.values import Stamp

Sign = Callable[[str, str, str], str]


class ActionReply(Struct, frozen=True):
    """One chosen action, with the numbers that put it there."""

    action: str
    kind: Kind
    treatment: str
    rank: int
    content: dict[str, Any]
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
    content: dict[str, Any] | UnsetType = UNSET


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
    at: Stamp
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


def decision_reply(
    request: DecisionRequest, plan: Plan, catalogue: str, models: Mapping[str, str], sign: Sign
) -> DecisionReply:
    """A plan as answered; `catalogue` is a digest, `models` versions by name."""
    explained = request.explain != "none"
    return DecisionReply(
        plan.decision_id,
        request.customer_id,
        request.mode,
        [placement_reply(filled, plan.decision_id, sign, explained) for filled in plan.placements],
        Versions(catalogue, dict(models)),
        candidates=UNSET if plan.candidates is None else plan.candidates,
    )
