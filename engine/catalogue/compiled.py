"""A catalogue ready to decide with: immutable, shared by every request, never asked twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.catalogue.events import Meaning
from engine.catalogue.placements import Placement
from engine.catalogue.strategy import Strategy
from engine.catalogue.trials import Trial
from engine.catalogue.values import validate
from engine.domain import Action, Value
from engine.errors import Fault
from engine.models.features import Feature
from engine.rules.consent import ConsentPolicy
from engine.rules.contact import ContactPolicies
from engine.rules.engagement import Engagement
from engine.rules.policy import Policies
from engine.rules.scalar import Definition, Ruleset
from engine.rules.schedule import Schedule
from engine.rules.scope import Condition, Scope


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """One version of the business's side.

    `digest` is `sha256:…` of the canonical content; `files` and `predicate_source` are what
    it was compiled from. `actions` are sorted by id; an action's number is its place there
    and its bit in every mask. `conditions[i]` is what number i means in an evaluation.
    `events` says what events of other systems are to us, by name. `features` are those its
    owner declared for models to look at; see `features_of`.
    `reach` is how far back (ms) its policies and rules look, `retention` how far a customer's
    memory must go, for the models bound to it too; `personal` names the
    attributes that identify a person, `asked` what rules and templates look at and nothing
    stands in for, as (`customer` or `context`, name). `warnings` did not keep it from serving.
    """

    digest: str
    files: Mapping[str, bytes]
    predicate_source: bytes
    warnings: tuple[Fault, ...]
    actions: tuple[Action, ...]
    index: Mapping[str, int]
    tiers: NDArray[np.int64]
    groups: frozenset[str]
    channels: frozenset[str]
    purposes: frozenset[str]
    identities: frozenset[str]
    personal: frozenset[str]
    asked: frozenset[tuple[str, str]]
    scope: Scope
    definitions: tuple[Definition, ...]
    conditions: tuple[Condition, ...]
    ruleset: Ruleset
    schedule: Schedule
    consent: ConsentPolicy
    engagement: Engagement
    contact: ContactPolicies
    placements: Mapping[str, Placement]
    strategy: Strategy
    events: Mapping[str, Meaning]
    features: tuple[Feature, ...]
    reach: int
    retention: int
    tests: tuple[Trial, ...]

    @property
    def policies(self) -> Policies:
        """Schedule, consent and engagement, in the order they are asked."""
        return Policies(self.schedule, self.consent, self.engagement)

    @property
    def segments(self) -> frozenset[str]:
        """The names of the segments."""
        return frozenset(self.scope.segments)

    @property
    def tables(self) -> frozenset[str]:
        """The names of the decision tables."""
        return frozenset(self.scope.tables)

    def validate_attributes(
        self, raw: Mapping[str, Any], which: str, at: str | None = None
    ) -> dict[str, Value]:
        """`raw` typed by the schema: `which` is `customer` or `context`.

        Raises InvalidRequest, one problem for each name or value at fault, with pointers below
        `at` (by default `/attributes` or `/context`).
        """
        if which == "customer":
            return validate(raw, self.scope.customer, at or "/attributes")
        return validate(raw, self.scope.context, at or "/context")
