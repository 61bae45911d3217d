"""The catalogue's YAML, declared once: every key, its type and its default.

These structs are what files are read into, what faults of shape are found against, and
what `docs/catalogue.schema.json` is generated from. What names refer to is not their concern.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from engine.domain import Kind, Status
from engine.history import FILTERS, Filter
from engine.models.features import Facet
from engine.rules.limits import Per

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,199}$")]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
Text = Annotated[str, Meta(min_length=1, max_length=4096)]
Words = str | list[str]
Cell = str | int | float | bool
Number = Annotated[float, Meta(ge=-1e12, le=1e12)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Where = Annotated[
    dict[Filter, Text], Meta(extra_json_schema={"propertyNames": {"enum": list(FILTERS)}})
]
Method = Literal["none", "epsilon", "igw", "thompson"]


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """Any mapping with fixed keys; an unknown key is a fault."""


class AttributeSpec(Part, frozen=True):
    """`schema.attributes.<name>` or `schema.context.<name>`: a typed fact."""

    type: Text
    enum: Annotated[list[str], Meta(min_length=1)] | None = None
    default: Any = None
    personal: bool = False


class TableSpec(Part, frozen=True):
    """`tables.<name>`: a decision table. `rows` may name a CSV file beside the YAML."""

    inputs: Annotated[list[Text], Meta(min_length=1, max_length=50)]
    output: Text
    rows: list[list[Cell]] | str
    hit: Literal["unique", "first", "collect"] = "unique"


class GroupSpec(Part, frozen=True):
    """`groups.<name>`: what its actions inherit."""

    kind: Kind | None = None
    purpose: Text | None = None
    eligibility: list[Text] = []
    applicability: list[Text] = []
    suitability: list[Text] = []


class ValidSpec(Part, frozen=True):
    """`actions[].valid`: RFC 3339 times; from is included, until is not."""

    from_: str | None = field(name="from", default=None)
    until: str | None = None


class TreatmentSpec(Part, frozen=True):
    """`actions[].treatments[]`: the action's content in one placement."""

    id: Id
    placement: Id
    content: dict[str, Any]


class ActionSpec(Part, frozen=True):
    """`actions[]`."""

    id: Id
    group: Id | None = None
    kind: Kind | None = None
    purpose: Text | None = None
    value: Number | Text = 0.0
    customer_value: Number | Text = 0.0
    lever: Number | Text = 1.0
    tier: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    valid: ValidSpec = ValidSpec()
    active: bool = True
    eligibility: list[Text] = []
    applicability: list[Text] = []
    suitability: list[Text] = []
    treatments: list[TreatmentSpec] = []


class SelectorSpec(Part, frozen=True):
    """`applies` and `keep_out`: a name or a list of names a field; a field left out means any."""

    kind: Kind | list[Kind] = []
    group: Words = []
    action: Words = []
    channel: Words = []
    placement: Words = []


class QuietSpec(Part, frozen=True):
    """`contact[].quiet`: hours of the customer's day without contact."""

    from_: str = field(name="from")
    until: str
    timezone: Text
    else_: Text | None = field(name="else", default=None)


class ContactSpec(Part, frozen=True):
    """`contact[]`: a cap, a rest, a keep-out or quiet hours, by which keys it has."""

    id: Id
    applies: SelectorSpec | None = None
    per: Per | None = None
    cap: Count | None = None
    window: Text | None = None
    calendar: bool = False
    timezone: Text | None = None
    after: Annotated[list[Text], Meta(min_length=1)] | None = None
    rest: Text | None = None
    when: Text | None = None
    keep_out: SelectorSpec | None = None
    quiet: QuietSpec | None = None


class PlacementSpec(Part, frozen=True):
    """`placements[]`."""

    id: Id
    channel: Id
    slots: Annotated[int, Meta(ge=1, le=100)] = 1
    kinds: Annotated[list[Kind], Meta(min_length=1)] | None = None
    diverse: Literal["group", "kind"] | None = None
    counts: Literal["commit", "impression"] = "commit"
    hold: Text | None = None
    fallback: dict[str, Any] = {}


class WeightsSpec(Part, frozen=True):
    """`strategy.weights`: how much a unit of value to either side counts."""

    company: Annotated[float, Meta(ge=0.0, le=1e6)] | None = None
    customer: Annotated[float, Meta(ge=0.0, le=1e6)] | None = None


class ContextWeightSpec(Part, frozen=True):
    """`strategy.context_weights[]`: while `when` holds, the named actions weigh this much more."""

    when: Text
    weight: Annotated[float, Meta(ge=0.0, le=1e6)]
    action: Words = []
    group: Words = []
    kind: Kind | list[Kind] = []


class ExplorationSpec(Part, frozen=True):
    """`strategy.exploration`. `floor` is the share of choices that every candidate has alike."""

    method: Method = "none"
    floor: Share = 0.0


class StrategySpec(Part, frozen=True):
    """`strategy`."""

    weights: WeightsSpec = WeightsSpec()
    contact_cost: dict[str, Annotated[float, Meta(ge=0.0, le=1e12)]] = {}
    context_weights: list[ContextWeightSpec] = []
    exploration: ExplorationSpec | None = None
    positive: dict[str, Share] = {}
    attribution: Text | None = None


class TestConsentSpec(Part, frozen=True):
    """A consent given with its time and source."""

    status: Status
    at: str | None = None
    source: str | None = None


class TestCustomerSpec(Part, frozen=True):
    """`tests[].customer`."""

    attributes: dict[str, Any] = {}
    consent: dict[str, Status | TestConsentSpec] = {}


class TestRequestSpec(Part, frozen=True):
    """`tests[].request`; the channel is the placement's."""

    placement: Id
    context: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    slots: Count | None = None


class TestReasonSpec(Part, frozen=True):
    """`tests[].reason`: why an action must have been kept out; what is left out may be anything."""

    action: Id
    stage: Text | None = None
    reason: Text | None = None


class TestSpec(Part, frozen=True):
    """`tests[]`: a customer, a request and what must come of it."""

    name: Text
    request: TestRequestSpec
    customer: TestCustomerSpec = TestCustomerSpec()
    now: str | None = None
    expect: list[Id] = []
    only: list[Id] | None = None
    never: list[Id] = []
    fallback: bool | None = None
    reason: TestReasonSpec | list[TestReasonSpec] = []


class EventSpec(Part, frozen=True):
    """`events.<name>`: what an event is to us; what is left out stays as it usually is."""

    type: Id | None = None
    outcome: Text | None = None
    channel: Id | None = None
    topic: Text | None = None
    status: Literal["open", "closed"] | None = None
    value: Words | None = None
    attributes: dict[Name, Text] = {}
    opt_out: Words | None = None


class FeatureSpec(Part, frozen=True):
    """`features.<name>`: something models look at; without any, they are derived."""

    source: Text
    values: Annotated[list[str | int | bool], Meta(min_length=1)] | None = None
    event: Id | None = None
    where: Where = {}
    within: Text | None = None
    by: list[Facet] = []
    match: Facet | None = None


class SchemaSpec(Part, frozen=True):
    """`schema`: what may be known of a customer and of the moment."""

    attributes: dict[Name, AttributeSpec] = {}
    context: dict[Name, AttributeSpec] = {}
    identities: list[Name] = []
    purposes: list[Name] = []


class CatalogueSpec(Part, frozen=True):
    """A file's top level. Any file may hold any key."""

    schema: SchemaSpec = SchemaSpec()
    segments: dict[Name, Text] = {}
    tables: dict[Name, TableSpec] = {}
    groups: dict[Id, GroupSpec] = {}
    actions: list[ActionSpec] = []
    contact: list[ContactSpec] = []
    placements: list[PlacementSpec] = []
    strategy: StrategySpec = StrategySpec()
    events: dict[Text, EventSpec] = {}
    features: dict[Id, FeatureSpec] = {}
    tests: list[TestSpec] = []
