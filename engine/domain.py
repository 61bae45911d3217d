"""The vocabulary as values: what the rules, the models and the store speak about.

Everything here is immutable and knows nothing of Redis, HTTP or YAML. Times are
whole milliseconds since the Unix epoch, UTC. What is persisted is `array_like`, so
that a customer's memory is rows rather than repeated names; rows hold only numbers and
text, so the garbage collector need not look at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from msgspec import Struct

Kind = Literal["offer", "message", "service"]
Status = Literal["granted", "denied"]
Stage = Literal["schedule", "consent", "engagement", "contact", "budget", "arbitration", "holdout"]

Code = Literal[
    "inactive",
    "not-started",
    "expired",
    "consent-denied",
    "consent-unknown",
    "not-eligible",
    "not-applicable",
    "not-suitable",
    "attribute-unknown",
    "content-failed",
    "snoozed",
    "cap-reached",
    "resting",
    "kept-out",
    "quiet-hours",
    "already-chosen",
    "value-unknown",
    "not-worth-it",
    "too-alike",
    "lower-tier",
    "passed-over",
    "outranked",
]

Scalar = bool | int | float | str
Value = Scalar | list[Scalar]

KINDS: tuple[Kind, ...] = get_args(Kind)
STAGES: tuple[Stage, ...] = get_args(Stage)
OUTCOMES = (
    "impression",
    "click",
    "accept",
    "reject",
    "dismiss",
    "snooze",
    "convert",
    "complain",
    "unsubscribe",
    "delivered",
    "bounced",
    "not_sent",
)


# ── what we may do ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Action:
    """Something we may do for a customer, with what its group gave it already filled in."""

    id: str
    kind: Kind
    group: str | None
    purpose: str | None
    tier: int = 0


@dataclass(frozen=True, slots=True)
class Selector:
    """Which contacts, events or actions a policy speaks about; an empty field means any."""

    kind: frozenset[str] = frozenset()
    group: frozenset[str] = frozenset()
    action: frozenset[str] = frozenset()
    channel: frozenset[str] = frozenset()
    placement: frozenset[str] = frozenset()


class Knockout(Struct, frozen=True):
    """A "no" to every action in `mask` (bit i: the catalogue's i-th action by id).

    `code` is the engine's reason code; `reason` the author's policy id at stage contact and
    the code elsewhere; `text` a sentence for people.
    """

    stage: Stage
    code: Code
    reason: str
    text: str
    mask: int


# ── what we remember of a customer ───────────────────────────────────────────────────


class Consent(Struct, frozen=True, array_like=True, gc=False):
    """What the customer said about one purpose, when, and where; no record means unknown.

    `wording` names the version of the text they were shown, "" where nobody told us.
    """

    status: Status
    at: int
    source: str
    wording: str = ""


class Label(Struct, frozen=True, array_like=True, gc=False):
    """What a contact was and where it went, as it was then: the catalogue may have moved on."""

    action: str
    kind: str
    group: str
    channel: str
    placement: str


class Contact(Struct, frozen=True, array_like=True, gc=False):
    """One contact we committed to. `label` indexes `Contacts.labels`.

    `until` is 0 for a contact that counts for good, else when its hold expires.
    `ask` is what was asked, digested, so that the same ask within a hold gets the same answer.
    """

    at: int
    label: int
    decision: str
    until: int = 0
    ask: str = ""


class Contacts(Struct, frozen=True, array_like=True):
    """The customer's contacts, oldest first; a few labels, many rows."""

    labels: tuple[Label, ...] = ()
    rows: tuple[Contact, ...] = ()


class EventLabel(Struct, frozen=True, array_like=True, gc=False):
    """What kind of thing happened; empty strings where a field does not apply."""

    type: str
    action: str = ""
    kind: str = ""
    group: str = ""
    channel: str = ""
    placement: str = ""
    topic: str = ""


class Event(Struct, frozen=True, array_like=True, gc=False):
    """One interaction. `until` is the end of a snooze, else 0."""

    at: int
    label: int
    until: int = 0


class Tally(Struct, frozen=True, array_like=True, gc=False):
    """How often a label has happened since we know the customer, and when last."""

    count: int
    last: int


class Matter(Struct, frozen=True, array_like=True, gc=False):
    """Something the customer is waiting for: an open complaint, ticket or call-back."""

    id: str
    topic: str
    since: int


class Events(Struct, frozen=True, array_like=True):
    """The customer's interactions, oldest first, with totals (one a label) and open matters.

    `rows` reach back as far as any policy or rule asks; `tallies` are for ever.
    """

    labels: tuple[EventLabel, ...] = ()
    rows: tuple[Event, ...] = ()
    tallies: tuple[Tally, ...] = ()
    open: tuple[Matter, ...] = ()


class Told(Struct, frozen=True, array_like=True):
    """When attributes were last told, ms: `since` by name, forgotten ones too; else `base`."""

    base: int = 0
    since: dict[str, int] = {}


class CustomerState(Struct, frozen=True):
    """All we hold of one customer. Revision 0: never heard of.

    `clock` is the latest time the store has seen for this customer. `identities` are normalised
    `namespace:value`s. `subject` is the archive's only name for the customer. `merged` and
    `formerly` are the ids and the subjects of the customers that were merged into this one.
    """

    customer_id: str
    revision: int = 0
    created: int = 0
    clock: int = 0
    attributes: dict[str, Value] = {}
    consent: dict[str, Consent] = {}
    contacts: Contacts = Contacts()
    events: Events = Events()
    identities: tuple[str, ...] = ()
    subject: str = ""
    formerly: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    told: Told = Told()


class Pointer(Struct, frozen=True, array_like=True):
    """Whom an identity points at; "" is nobody. `claims`: a mark for each customer that was
    ever named together with it."""

    customer_id: str = ""
    claims: tuple[str, ...] = ()


# ── what a moment looks like, and what happened ──────────────────────────────────────


class Facts(Struct, frozen=True, array_like=True):
    """What conditions, features and templates may look at. Missing keys are unknown."""

    customer: Mapping[str, Value]
    context: Mapping[str, Value]
    events: Events
    channel: str
    now: int


class Interaction(Struct, frozen=True):
    """Something that happened: an outcome of a decision, or free of any.

    `type` is the outcome's name, or the caller's word for a free interaction; `event` the
    sending system's own name for it, where that differs.
    """

    id: str
    type: str
    at: int
    decision_id: str = ""
    action: str = ""
    placement: str = ""
    channel: str = ""
    topic: str = ""
    status: str = ""
    closes: str = ""
    reason: str = ""
    until: int = 0
    value: float | None = None
    properties: dict[str, Value] = {}
    event: str = ""
