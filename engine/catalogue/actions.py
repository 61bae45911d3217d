"""Actions with what they inherit, and the policies that come with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.catalogue.conditions import Conditions
from engine.catalogue.faults import Faults, Located
from engine.catalogue.reading import Reading, Section
from engine.catalogue.shape import ActionSpec, GroupSpec
from engine.catalogue.written_times import time_of
from engine.domain import Action, Kind
from engine.rules.consent import ConsentPolicy
from engine.rules.engagement import QUESTIONS, Engagement, Question, Requirement
from engine.rules.masks import mask_of
from engine.rules.schedule import Schedule

NO_PURPOSE = "none"

Needs = list[tuple[Question, int]]


@dataclass(slots=True)
class ActionCompiler:
    """Takes actions in, in order of their ids, and then makes their policies.

    `kinds_known[i]` is false where action i has no kind, which has been reported.
    """

    reading: Reading
    conditions: Conditions
    faults: Faults
    actions: list[Action] = field(default_factory=list)
    kinds_known: list[bool] = field(default_factory=list)
    located: list[Located[ActionSpec]] = field(default_factory=list)
    _starts: list[int | None] = field(default_factory=list)
    _ends: list[int | None] = field(default_factory=list)
    _needing: dict[tuple[Question, int], list[int]] = field(default_factory=dict)
    _groups: dict[str, Needs] = field(default_factory=dict)

    def add_groups(self) -> None:
        """Check every group once, whoever inherits from it."""
        none = self.reading.section("schema", "purposes").parts.get(NO_PURPOSE)
        if none is not None:
            self.faults.add(none, (), f"`{NO_PURPOSE}` is not a purpose", "it means: needs none")
        groups = self.reading.section("groups")
        for located in groups.written:
            self._purpose_known(located, located.spec.purpose)
            self._groups.setdefault(str(located.path[-1]), list(self._needs(located)))

    def add(self, located: Located[ActionSpec]) -> None:
        """Take in the next action."""
        spec, number = located.spec, len(self.actions)
        self._purpose_known(located, spec.purpose)
        kind = self._kind(located)
        self.kinds_known.append(kind is not None)
        purpose = self._purpose(located, kind)
        self.actions.append(Action(spec.id, kind or "offer", spec.group, purpose, spec.tier))
        self.located.append(located)
        self._schedule(located)
        for need in (*self._groups.get(spec.group or "", ()), *self._needs(located)):
            self._needing.setdefault(need, []).append(number)

    def schedule(self) -> Schedule:
        """When each action is on."""
        return Schedule([one.spec.active for one in self.located], self._starts, self._ends)

    def consent(self) -> ConsentPolicy:
        """Which actions need which consent."""
        purposes: dict[str, list[int]] = {}
        for number, action in enumerate(self.actions):
            if action.purpose is not None:
                purposes.setdefault(action.purpose, []).append(number)
        return ConsentPolicy({purpose: mask_of(who) for purpose, who in purposes.items()})

    def engagement(self) -> Engagement:
        """Which actions need which conditions."""
        requirements = [
            Requirement(condition, question, mask_of(who))
            for (question, condition), who in self._needing.items()
        ]
        return Engagement(requirements, self.conditions.conditions)

    def warn_expired(self, now: int) -> None:
        """Warn of actions that were valid until before `now` (ms)."""
        for located, end in zip(self.located, self._ends, strict=True):
            if end is not None and end <= now:
                what = f"`{located.spec.id}` has expired"
                self.faults.warn(located, ("valid", "until"), what, "it will not be offered again")

    def _needs(self, at: Located[Any]) -> Iterator[tuple[Question, int]]:
        for question in QUESTIONS:
            for i, text in enumerate(getattr(at.spec, question)):
                number = self.conditions.condition(at, (question, i), text)
                if number is not None:
                    yield question, number

    def _group(self, located: Located[ActionSpec]) -> GroupSpec | None:
        """The action's group; None where there is none, or none that fits."""
        group = located.spec.group
        found = self.reading.section("groups").parts.get(group or "")
        return found.spec if found else None

    def _may_be_given(self, located: Located[ActionSpec], key: str) -> bool:
        """Whether `key` may have been given, in the action or its group, where a fault is."""
        group = located.spec.group
        if located.lacks(key) or located.lacks("group"):
            return True
        parts = self.reading.section("groups").parts
        return group is not None and (group not in parts or parts[group].lacks(key))

    def _kind(self, located: Located[ActionSpec]) -> Kind | None:
        spec, group = located.spec, self._group(located)
        groups = self.reading.section("groups").names
        if spec.group is not None and spec.group not in groups:
            self.faults.unknown(located, ("group",), "group", spec.group, groups)
        kind = spec.kind or (group.kind if group else None)
        if kind is None and not self._may_be_given(located, "kind"):
            hint = "offer, message or service, here or in its group"
            self.faults.add(located, (), f"{called(located)} has no `kind`", hint)
        return kind

    def _purpose(self, located: Located[ActionSpec], kind: Kind | None) -> str | None:
        spec, group = located.spec, self._group(located)
        purpose = spec.purpose or (group.purpose if group else None)
        gated = purpose is None and kind in {"offer", "message"}
        if gated and not self._may_be_given(located, "purpose"):
            hint = "name one, here or in its group; `none` if it needs no consent"
            self.faults.add(located, (), f"{called(located)} has no `purpose`", hint)
        return None if purpose == NO_PURPOSE else purpose

    def _purpose_known(self, at: Located[Any], purpose: str | None) -> None:
        purposes = self.reading.section("schema", "purposes").names
        if purpose is not None and purpose != NO_PURPOSE and purpose not in purposes:
            self.faults.unknown(at, ("purpose",), "purpose", purpose, purposes)

    def _schedule(self, located: Located[ActionSpec]) -> None:
        valid = located.spec.valid
        start = time_of(located, ("valid", "from"), valid.from_, self.faults)
        end = time_of(located, ("valid", "until"), valid.until, self.faults)
        if start is not None and end is not None and start >= end:
            what = "`valid.from` is not before `valid.until`"
            self.faults.add(located, ("valid",), what, "swap them?" if start > end else "")
        self._starts.append(start)
        self._ends.append(end)


def in_order(actions: Section) -> list[Located[ActionSpec]]:
    """Actions by id, which gives them their numbers; after them those that are none."""
    return [*(actions.parts[name] for name in sorted(actions.parts)), *actions.remains]


def called(located: Located[ActionSpec]) -> str:
    """What to call an action, which may lack an id."""
    return "this action" if located.lacks("id") else f"`{located.spec.id}`"
