"""What is asked of a decision, and what it plans: the request and the answer as values."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from engine.domain import Code, Contacts, Kind, Stage, Value

Explain = Literal["none", "chosen", "full"]
Mode = Literal["live", "preview", "bot"]
"""`preview` commits nothing; `bot` neither, and nothing is tried out on it."""
Why = Literal["priority", "explored", "tier", "holds"]


class PlacementAsk(Struct, frozen=True, gc=False):
    """A placement to fill, with at most `slots` actions (None: as many as it has)."""

    id: str
    slots: int | None = None


class DecisionRequest(Struct, frozen=True):
    """One request to decide, checked against the wire schema but not yet the catalogue."""

    customer_id: str
    channel: str
    placements: tuple[PlacementAsk, ...]
    context: dict[str, Value] = {}
    attributes: dict[str, Value] = {}
    explain: Explain = "chosen"
    mode: Mode = "live"
    request_id: str | None = None
    privacy_signal: bool = False


class Reason(Struct, frozen=True, gc=False):
    """Why an action was chosen: a stable code and a sentence for people."""

    code: Why
    text: str


class Chosen(Struct, frozen=True):
    """An action chosen for a slot, with every number that put it there.

    `propensity` is the customer's; `selection_probability` is the policy's, given the
    earlier slots; `priority` is in the catalogue's unit of value.
    """

    action: str
    kind: Kind
    treatment: str
    rank: int
    content: dict[str, object]
    propensity: float
    value: float
    priority: float
    selection_probability: float
    reasons: tuple[Reason, ...] = ()


class Filled(Struct, frozen=True):
    """What a placement got: chosen actions, or its fallback content."""

    id: str
    fallback: bool
    actions: tuple[Chosen, ...] = ()
    content: dict[str, object] | None = None


class Candidate(Struct, frozen=True, gc=False):
    """An action that had a treatment for the placement and was not chosen: its one first reason."""

    action: str
    placement: str
    stage: Stage
    code: Code
    reason: str
    text: str


class Ranked(Struct, frozen=True, array_like=True, gc=False):
    """A row of the head of a placement's ranking, as it was before anything was drawn."""

    placement: str
    action: str
    propensity: float
    priority: float


class Plan(Struct, frozen=True):
    """What `decide` wants done: the answer, and the contacts the commit must write.

    `repeat` names an earlier decision whose hold still stands: answer that one again.
    `contacts` is None when nobody is contacted (fallback, preview).
    """

    decision_id: str
    placements: tuple[Filled, ...]
    candidates: tuple[Candidate, ...] | None = None
    contacts: Contacts | None = None
    ranking: tuple[Ranked, ...] = ()
    features: tuple[float, ...] = ()
    repeat: str | None = None
