"""Placements with what can be shown in them: masks of actions, and treatments by action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.catalogue.actions import called
from engine.catalogue.conditions import Conditions
from engine.catalogue.contents import Contents
from engine.catalogue.faults import Faults, Located
from engine.catalogue.reading import Section
from engine.catalogue.shape import ActionSpec, PlacementSpec, TreatmentSpec
from engine.catalogue.source import Path
from engine.catalogue.templates import is_template
from engine.catalogue.treatments import Content, Treatment, texts
from engine.domain import KINDS, Action, Kind
from engine.rules.masks import mask_of
from engine.rules.times import duration_ms


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """A named place in a channel.

    `mask` holds the actions that have a treatment here; `treatments` is by action number;
    `hold` is in ms, 0 unless contacts count by impression. `needs` are (condition number,
    mask) pairs: the actions in the mask can be rendered here only when the condition is true.
    """

    id: str
    channel: str
    slots: int
    kinds: tuple[Kind, ...]
    diverse: Literal["group", "kind"] | None
    counts: Literal["commit", "impression"]
    hold: int
    fallback: Content
    mask: int
    treatments: Mapping[int, Treatment]
    needs: tuple[tuple[int, int], ...]


class PlacementCompiler:
    """Puts the treatments of all actions into the placements they are for."""

    def __init__(
        self,
        section: Section,
        conditions: Conditions,
        faults: Faults,
    ) -> None:
        self._section = section
        self._declared: Mapping[str, Located[PlacementSpec]] = section.parts
        self._conditions = conditions
        self._faults = faults
        self._contents = Contents(conditions, faults)
        self._strays = False
        self._treatments: dict[str, dict[int, Treatment]] = {name: {} for name in section.parts}
        self._needs: dict[str, dict[int, list[int]]] = {name: {} for name in section.parts}

    def add(self, number: int, action: Action | None, located: Located[ActionSpec]) -> None:
        """Take in an action's treatments; `action` is None when its kind is not known."""
        self._strays |= located.lacks("treatments")
        if not located.spec.treatments and not located.lacks("treatments"):
            what = f"no placement can show {called(located)}"
            self._faults.add(located, (), what, "give it a treatment")
        ids: set[str] = set()
        places: set[str] = set()
        for i, spec in enumerate(located.spec.treatments):
            path: Path = ("treatments", i)
            self._once(located, (*path, "id"), f"treatment `{spec.id}`", spec.id, ids)
            self._once(
                located,
                (*path, "placement"),
                f"a treatment for `{spec.placement}`",
                spec.placement,
                places,
            )
            self._place(number, action, located, path, spec)

    def placements(self, *, hopeful: bool) -> dict[str, Placement]:
        """All placements with what was added; one that nothing fills is a fault.

        Unless `hopeful`, or a treatment has gone astray: it may have been meant to.
        """
        for name, located in self._declared.items():
            if not (self._treatments[name] or hopeful or self._strays):
                what = f"nobody can fill `{name}`"
                self._faults.add(located, (), what, "give an action a treatment for it")
        for located in self._section.remains:
            self._look(located)
        return {name: self._placement(located) for name, located in self._declared.items()}

    def _once(
        self, located: Located[ActionSpec], path: Path, what: str, name: str, seen: set[str]
    ) -> None:
        if name in seen:
            self._strays = True
            hint = "treatment ids are unique within an action, and a placement has at most one"
            self._faults.add(located, path, f"{what} is given twice", hint)
        seen.add(name)

    def _place(
        self,
        number: int,
        action: Action | None,
        located: Located[ActionSpec],
        path: Path,
        spec: TreatmentSpec,
    ) -> None:
        filled, needs = self._contents.read(located, (*path, "content"), spec.content)
        place = self._declared.get(spec.placement)
        if place is None:
            known = self._section.names
            if spec.placement not in known:
                self._strays = True
                self._faults.unknown(
                    located, (*path, "placement"), "placement", spec.placement, known
                )
            return
        kinds = place.spec.kinds or KINDS
        if action is not None and action.kind not in kinds and not place.spoilt("kinds"):
            what = f"`{spec.placement}` takes no {action.kind}"
            self._faults.add(located, (*path, "placement"), what, f"it takes {', '.join(kinds)}")
        self._treatments[spec.placement][number] = Treatment(
            spec.id, spec.content, filled or None, self._conditions.scope
        )
        for need in needs:
            self._needs[spec.placement].setdefault(need, []).append(number)

    def _placement(self, located: Located[PlacementSpec]) -> Placement:
        spec = located.spec
        hold, treatments = self._look(located), self._treatments[spec.id]
        return Placement(
            spec.id,
            spec.channel,
            spec.slots,
            tuple(spec.kinds or KINDS),
            spec.diverse,
            spec.counts,
            hold,
            spec.fallback,
            mask_of(treatments),
            treatments,
            tuple((need, mask_of(who)) for need, who in sorted(self._needs[spec.id].items())),
        )

    def _look(self, located: Located[PlacementSpec]) -> int:
        """The placement's hold, in ms, once its fallback has been looked at, too."""
        for at, text in texts(located.spec.fallback):
            if is_template(text):
                self._faults.add(
                    located,
                    ("fallback", *at),
                    "a fallback is for anybody: no template",
                    "it must hold when nothing is known",
                )
        return self._hold(located)

    def _hold(self, located: Located[PlacementSpec]) -> int:
        spec = located.spec
        lacking = located.lacks("hold") or located.lacks("counts")
        if (spec.hold is None) != (spec.counts == "commit") and not lacking:
            self._faults.add(
                located,
                (),
                "`counts: impression` and `hold` go together",
                "a hold is how long an offer waits for its impression, such as 30m",
            )
        try:
            hold = 0 if spec.hold is None else duration_ms(spec.hold)
        except ValueError as error:
            self._faults.add(located, ("hold",), str(error))
            return 0
        if spec.hold is not None and hold < 1000:
            self._faults.add(located, ("hold",), "`hold` must be at least a second")
        return hold
