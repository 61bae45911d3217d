"""Contact policies as written to contact policies as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from engine.catalogue.conditions import Conditions
from engine.catalogue.faults import Faults, Located, nearest
from engine.catalogue.selecting import Names
from engine.catalogue.shape import ContactSpec, SelectorSpec
from engine.catalogue.source import Path
from engine.catalogue.written_times import span_of
from engine.domain import OUTCOMES, Selector
from engine.rules.limits import Cap, KeepOut, Policy, Quiet, Rest
from engine.rules.types import STRING
from engine.rules.windows import Calendar, Sliding, Window, zone, zone_names

# the key that makes it one kind of policy: (what else it needs, what else it may have)
_KINDS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "cap": (frozenset({"window"}), frozenset({"applies", "per", "calendar", "timezone"})),
    "rest": (frozenset({"after"}), frozenset({"applies", "per"})),
    "keep_out": (frozenset({"when"}), frozenset()),
    "quiet": (frozenset(), frozenset({"applies"})),
}
_KEYS = tuple(key for key in ContactSpec.__struct_fields__ if key != "id")
_DAYS = re.compile(r"([1-9][0-9]{0,3})([dw])")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_ZONE = "such as Europe/Lisbon"


class ContactCompiler:
    """Makes policies of what authors wrote; what can't be made is reported and left out."""

    def __init__(self, names: Names, conditions: Conditions, faults: Faults) -> None:
        self._names = names
        self._conditions = conditions
        self._faults = faults

    def policy(self, at: Located[ContactSpec]) -> Policy | None:
        """The policy `at` describes, or None when it is at fault."""
        before = len(self._faults.found)
        makers = {
            "cap": self._cap,
            "rest": self._rest,
            "keep_out": self._keep_out,
            "quiet": self._quiet,
        }
        applies = self._selector(at, ("applies",), at.spec.applies)
        made = [makers[kind](at, applies) for kind in self._kinds(at) or makers]
        sound = len(self._faults.found) == before and not at.lost
        return made[0] if sound else None

    def _kinds(self, at: Located[ContactSpec]) -> list[str]:
        """Which of the four its keys say it is; any number but one, reported, is none of them."""
        written = {key for key in _KEYS if getattr(at.spec, key) not in (None, False)}
        given = written | {key for key in _KEYS if at.spoilt(key)}
        kinds = [key for key in _KINDS if key in given]
        if len(kinds) != 1:
            if kinds or not at.lacks("cap"):
                what = "several policies in one: " + ", ".join(kinds) if kinds else "no policy"
                self._faults.add(at, (), what, "it has one of cap, rest, keep_out and quiet")
            return kinds
        (kind,) = kinds
        needs, may = _KINDS[kind]
        for key in sorted(needs - given):
            if not at.lacks(key):
                self._faults.add(at, (kind,), f"`{key}` is missing beside `{kind}`")
        for key in sorted(given - needs - may - {kind}):
            self._faults.add(at, (key,), f"`{key}` means nothing beside `{kind}`")
        return kinds

    def _cap(self, at: Located[ContactSpec], applies: Selector) -> Policy | None:
        spec, window = at.spec, self._window(at)
        if window is None or spec.cap is None:
            return None
        return Cap(spec.id, applies, spec.cap, window, spec.per)

    def _rest(self, at: Located[ContactSpec], applies: Selector) -> Policy | None:
        for i, outcome in enumerate(at.spec.after or ()):
            if outcome not in OUTCOMES:
                self._faults.unknown(at, ("after", i), "outcome", outcome, OUTCOMES)
        rest = span_of(at, "rest", self._faults)
        outcomes = frozenset(at.spec.after or ())
        return None if rest is None else Rest(at.spec.id, applies, outcomes, rest, at.spec.per)

    def _keep_out(self, at: Located[ContactSpec], _: Selector) -> Policy | None:
        spec = at.spec
        selected = self._selector(at, ("keep_out",), spec.keep_out)
        if spec.when is None:
            return None
        when = self._conditions.condition(at, ("when",), spec.when)
        return None if when is None else KeepOut(spec.id, when, selected)

    def _quiet(self, at: Located[ContactSpec], applies: Selector) -> Policy | None:
        quiet = at.spec.quiet
        if quiet is None:
            return None
        attribute, fallback = self._clock_zone(at, quiet.timezone, quiet.else_)
        start = self._clock(at, "from", quiet.from_)
        end = self._clock(at, "until", quiet.until)
        if fallback is None:
            return None
        return Quiet(at.spec.id, applies, start, end, fallback, attribute)

    def _clock_zone(
        self, at: Located[ContactSpec], written: str, otherwise: str | None
    ) -> tuple[str | None, ZoneInfo | None]:
        """The attribute that names the zone, if one does, and the zone without it."""
        if at.hides(("quiet", "timezone")):
            return None, None if otherwise is None else self._zone(at, ("quiet", "else"), otherwise)
        name = written.removeprefix("customer.")
        if name == written:
            if otherwise is not None:
                self._faults.add(
                    at, ("quiet", "else"), "`else` means nothing beside a fixed time zone"
                )
            return None, self._zone(at, ("quiet", "timezone"), written)
        declared = self._conditions.scope.customer
        if name not in declared:
            if not self._conditions.is_broken(name):
                self._faults.unknown(at, ("quiet", "timezone"), "attribute", name, declared)
        elif declared[name].type != STRING:
            self._faults.add(at, ("quiet", "timezone"), f"`{written}` is no text, so no time zone")
        self._conditions.reads.add(("customer", name))
        if otherwise is None:
            if not at.lacks("quiet", "else"):
                what = f"`else` is missing: the time zone when `{written}` is not known"
                self._faults.add(at, ("quiet",), what, _ZONE)
            return name, None
        return name, self._zone(at, ("quiet", "else"), otherwise)

    def _window(self, at: Located[ContactSpec]) -> Window | None:
        spec = at.spec
        where = None if spec.timezone is None else self._zone(at, ("timezone",), spec.timezone)
        days = _DAYS.fullmatch(spec.window or "")
        if not spec.calendar:
            return self._sliding(at, days is not None)
        if days is None and spec.window is not None:
            what = f"`{spec.window}` is not whole days or weeks"
            self._faults.add(at, ("window",), what, "a calendar window is written 1d, 7d or 1w")
        if spec.timezone is None and not at.lacks("timezone"):
            self._faults.add(at, ("calendar",), "`timezone` is missing beside `calendar`", _ZONE)
        if days is None or where is None:
            return None
        return Calendar(int(days[1]), "week" if days[2] == "w" else "day", where)

    def _sliding(self, at: Located[ContactSpec], whole_days: bool) -> Window | None:
        """The window where `calendar` is not given; if it may have been, `whole_days` are right."""
        if at.lacks("calendar") and whole_days:
            return None
        if at.spec.timezone is not None and not at.lacks("calendar"):
            what = "`timezone` means something with `calendar: true` only"
            self._faults.add(at, ("timezone",), what, "a sliding window is the same everywhere")
        span = span_of(at, "window", self._faults)
        return None if span is None else Sliding(span)

    def _clock(self, at: Located[ContactSpec], key: str, text: str) -> time:
        match = _CLOCK.fullmatch(text)
        if match is None:
            self._faults.add(
                at,
                ("quiet", key),
                f"`{text}` is not a time of day",
                'times of day are written "21:00"',
            )
            return time()
        return time(int(match[1]), int(match[2]))

    def _zone(self, at: Located[ContactSpec], path: Path, name: str) -> ZoneInfo | None:
        found = zone(name)
        if found is None:
            hint = nearest(name, zone_names()) or _ZONE
            self._faults.add(at, path, f"unknown time zone `{name}`", hint)
        return found

    def _selector(self, at: Located[Any], path: Path, spec: SelectorSpec | None) -> Selector:
        return self._names.selector(at, path, spec or SelectorSpec(), self._faults)
