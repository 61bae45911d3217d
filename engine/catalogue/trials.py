"""The tests an author writes beside the rules, checked and ready to be run by a service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.catalogue.conditions import Conditions
from engine.catalogue.faults import Faults, Located
from engine.catalogue.selecting import Names
from engine.catalogue.shape import PlacementSpec, TestConsentSpec, TestReasonSpec, TestSpec
from engine.catalogue.source import Path
from engine.catalogue.values import validate
from engine.catalogue.written_times import time_of
from engine.domain import STAGES, Consent, Value
from engine.errors import InvalidRequest
from engine.rules.scope import Attribute


@dataclass(frozen=True, slots=True)
class Expected:
    """Why an action must have been kept out; None means whatever the reason."""

    action: str
    stage: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Trial:
    """One test: decide for this customer, then look.

    `now` is in ms; None: whenever the test is run. All of `expect` must be chosen, none of
    `never`, and nothing but `only` (None: no such wish); `fallback` whether it must come to
    that (None: no such wish); each of `reasons` must be how it is.
    """

    name: str
    file: str
    line: int
    attributes: Mapping[str, Value]
    consent: Mapping[str, Consent]
    placement: str
    channel: str
    slots: int | None
    context: Mapping[str, Value]
    overrides: Mapping[str, Value]
    now: int | None
    expect: frozenset[str]
    only: frozenset[str] | None
    never: frozenset[str]
    fallback: bool | None
    reasons: tuple[Expected, ...]


class TrialCompiler:
    """Checks every name and value in a test against the catalogue."""

    def __init__(
        self,
        names: Names,
        placements: Mapping[str, Located[PlacementSpec]],
        purposes: frozenset[str],
        conditions: Conditions,
        faults: Faults,
    ) -> None:
        self._names = names
        self._placements = placements
        self._purposes = purposes
        self._conditions = conditions
        self._faults = faults

    def trial(self, at: Located[TestSpec]) -> Trial:
        """The test `at` describes."""
        spec = at.spec
        request, customer, scope = spec.request, spec.customer, self._conditions.scope
        self._check_names(at)
        if not _asks(spec):
            what = "it asks nothing, so it would always hold"
            self._faults.warn(at, (), what, "say expect, only, never, fallback or reason")
        place = self._placements.get(request.placement)
        return Trial(
            name=spec.name,
            file=at.document.file,
            line=at.document.line(at.path),
            attributes=self._facts(
                at, ("customer", "attributes"), customer.attributes, scope.customer
            ),
            consent={
                purpose: self._consent(at, purpose, given)
                for purpose, given in customer.consent.items()
            },
            placement=request.placement,
            channel=place.spec.channel if place else "",
            slots=self._slots(at, place),
            context=self._facts(at, ("request", "context"), request.context, scope.context),
            overrides=self._facts(
                at, ("request", "attributes"), request.attributes, scope.customer
            ),
            now=time_of(at, ("now",), spec.now, self._faults),
            expect=frozenset(spec.expect),
            only=None if spec.only is None else frozenset(spec.only),
            never=frozenset(spec.never),
            fallback=spec.fallback,
            reasons=tuple(Expected(one.action, one.stage, one.reason) for one in _reasons(spec)),
        )

    def _check_names(self, at: Located[TestSpec]) -> None:
        spec = at.spec
        check = self._names.check
        check(at, ("request", "placement"), "placement", [spec.request.placement], self._faults)
        for key in ("expect", "only", "never"):
            for i, action in enumerate(getattr(spec, key) or ()):
                check(at, (key, i), "action", [action], self._faults)
        for i, one in enumerate(_reasons(spec)):
            path: Path = ("reason",) if isinstance(spec.reason, TestReasonSpec) else ("reason", i)
            check(at, (*path, "action"), "action", [one.action], self._faults)
            if one.stage is not None and one.stage not in STAGES:
                self._faults.unknown(at, (*path, "stage"), "stage", one.stage, STAGES)

    def _slots(self, at: Located[TestSpec], place: Located[PlacementSpec] | None) -> int | None:
        slots = at.spec.request.slots
        if place and slots and slots > place.spec.slots and not place.lacks("slots"):
            self._faults.add(
                at, ("request", "slots"), f"`{place.spec.id}` has {place.spec.slots} slots"
            )
        return slots

    def _facts(
        self,
        at: Located[TestSpec],
        path: Path,
        raw: Mapping[str, Any],
        declared: Mapping[str, Attribute],
    ) -> Mapping[str, Value]:
        known = {name: one for name, one in raw.items() if not self._conditions.is_broken(name)}
        try:
            return validate(known, declared, "")
        except InvalidRequest as error:
            for problem in error.problems:
                name = problem.pointer.removeprefix("/")
                self._faults.add(at, (*path, name), f"`{name}` {problem.detail}")
            return {}

    def _consent(
        self, at: Located[TestSpec], purpose: str, given: str | TestConsentSpec
    ) -> Consent:
        path = ("customer", "consent", purpose)
        if purpose not in self._purposes:
            self._faults.unknown(at, path, "purpose", purpose, self._purposes)
        if isinstance(given, TestConsentSpec):
            time = time_of(at, (*path, "at"), given.at, self._faults)
            return Consent(given.status, time or 0, given.source or "test")
        return Consent("granted" if given == "granted" else "denied", 0, "test")


def _asks(spec: TestSpec) -> bool:
    """Whether anything must come of it."""
    wished = spec.only is not None or spec.fallback is not None
    return wished or bool(spec.expect or spec.never or _reasons(spec))


def _reasons(spec: TestSpec) -> list[TestReasonSpec]:
    return [spec.reason] if isinstance(spec.reason, TestReasonSpec) else list(spec.reason)
