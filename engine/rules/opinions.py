"""What each kind of contact policy says to one customer, and how it hears of what is taken."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from operator import attrgetter
from typing import Protocol

from msgspec import Struct

from engine.domain import Code, Contacts, EventLabel, Knockout, Label, Value
from engine.rules.limits import Cap, KeepOut, Policy, Quiet, Rest
from engine.rules.selecting import Fleet, Key, Selection
from engine.rules.windows import Window, in_words, local, zone

_AT = attrgetter("at")


class Seen(Struct, frozen=True):
    """A customer, read once for all policies; `outcomes` says when each that rests something
    last happened."""

    memory: Contacts
    outcomes: list[tuple[EventLabel, int]]
    false: Collection[int]
    customer: Mapping[str, Value]
    now: int

    def reaches(self, most: int, window: Window) -> bool:
        """Whether there are `most` contacts in `window`, those on a hold that expired included."""
        rows = self.memory.rows
        if not 0 < most <= len(rows):
            return most <= 0
        return rows[-most].at >= window.start(self.now)

    def counted(self, window: Window) -> dict[int, int]:
        """How many contacts in `window` count, by the number of their label."""
        rows, now = self.memory.rows, self.now
        counts: dict[int, int] = {}
        for row in rows[bisect_left(rows, window.start(now), key=_AT) :]:
            if not row.until or row.until > now:
                number = row.label
                counts[number] = counts.get(number, 0) + 1
        return counts


class Opinion(Protocol):
    """What one policy says to one request, so far."""

    def knockout(self, placement: str) -> Knockout | None: ...
    def take(self, label: Label) -> None: ...


class Prepared(Protocol):
    """One policy made ready for a catalogue; `read` gives None when it has nothing to say."""

    @property
    def selection(self) -> Selection: ...
    def read(self, seen: Seen, channel: str) -> Opinion | None: ...


class _Capping:
    def __init__(self, policy: Cap, fleet: Fleet) -> None:
        self.selection = Selection(policy.applies, policy.per, fleet)
        self.policy = policy
        each = f" of the same {policy.per}" if policy.per else ""
        many = "contact" if policy.cap == 1 else "contacts"
        self.text = f"At most {policy.cap} {many}{each} {in_words(policy.window)}: used up."

    def read(self, seen: Seen, channel: str) -> Opinion | None:
        return _Counted(self, seen, channel)

    def used(self, seen: Seen) -> dict[Key, int]:
        """How much the contacts in the window use up, by key."""
        matches, key = self.selection.matches, self.selection.key
        labels = seen.memory.labels
        used: dict[Key, int] = {}
        for number, count in seen.counted(self.policy.window).items():
            label = labels[number]
            if matches(label):
                what = key(label)
                used[what] = used.get(what, 0) + count
        return used


class _Counted(Struct):
    """How much of a cap is used. Counted by key only once all there is to count could reach the
    cap: for most customers and most caps it never does."""

    capping: _Capping
    seen: Seen
    channel: str
    used: dict[Key, int] | None = None
    taken: list[Key] = []

    def knockout(self, placement: str) -> Knockout | None:
        selection, policy = self.capping.selection, self.capping.policy
        if self.used is None:
            if not self.seen.reaches(policy.cap - len(self.taken), policy.window):
                return None
            self.used = self.capping.used(self.seen)
        used_up = self._used_up(self.used) if selection.at_placement(placement) else []
        mask = selection.kept_out(used_up, self.channel, placement) if used_up else 0
        if not mask:
            return None
        return Knockout("contact", "cap-reached", policy.id, self.capping.text, mask)

    def _used_up(self, used: dict[Key, int]) -> list[Key]:
        """The keys that have reached the cap, with what was taken."""
        while self.taken:
            key = self.taken.pop()
            used[key] = used.get(key, 0) + 1
        most = self.capping.policy.cap
        return [key for key, count in used.items() if count >= most]

    def take(self, label: Label) -> None:
        selection = self.capping.selection
        if selection.matches(label):
            self.taken.append(selection.key(label))


class _Resting:
    def __init__(self, policy: Rest, fleet: Fleet) -> None:
        self.selection = Selection(policy.applies, policy.per, fleet)
        self.policy = policy
        each = f" for the same {policy.per}" if policy.per else ""
        self.text = f"Resting after {' or '.join(sorted(policy.after))}{each}."

    def read(self, seen: Seen, channel: str) -> Opinion | None:
        if not seen.outcomes:
            return None
        since = seen.now - self.policy.rest
        after, matches, key = self.policy.after, self.selection.matches, self.selection.key
        resting = {
            key(label)
            for label, last in seen.outcomes
            if last > since and label.type in after and matches(label)
        }
        return _Rested(self, resting, channel) if resting else None


class _Rested:
    """Which keys rest."""

    def __init__(self, rule: _Resting, resting: set[Key], channel: str) -> None:
        self._rule = rule
        self._resting = resting
        self._channel = channel

    def knockout(self, placement: str) -> Knockout | None:
        selection = self._rule.selection
        if not selection.at_placement(placement):
            return None
        mask = selection.kept_out(self._resting, self._channel, placement)
        if not mask:
            return None
        return Knockout("contact", "resting", self._rule.policy.id, self._rule.text, mask)

    def take(self, label: Label) -> None:
        """A contact starts no rest: only an outcome does."""


class _KeepingOut:
    def __init__(self, policy: KeepOut, fleet: Fleet) -> None:
        self.selection = Selection(policy.keep_out, None, fleet)
        self._when = policy.when
        text = "Something else comes first for this customer now."
        self._opinion = _Flat(self.selection, "kept-out", policy.id, text)

    def read(self, seen: Seen, channel: str) -> Opinion | None:  # noqa: ARG002 - as Prepared
        return self._opinion if self._when not in seen.false else None


class _Hushing:
    def __init__(self, policy: Quiet, fleet: Fleet) -> None:
        self.selection = Selection(policy.applies, None, fleet)
        self._policy = policy
        text = f"Quiet hours: {policy.start:%H:%M} until {policy.end:%H:%M} on the local clock."
        self._opinion = _Flat(self.selection, "quiet-hours", policy.id, text)

    def read(self, seen: Seen, channel: str) -> Opinion | None:  # noqa: ARG002 - as Prepared
        return self._opinion if self._quiet(seen) else None

    def _quiet(self, seen: Seen) -> bool:
        policy = self._policy
        theirs = zone(seen.customer.get(policy.attribute)) if policy.attribute else None
        clock = local(seen.now, theirs or policy.fallback).time()
        if policy.start < policy.end:
            return policy.start <= clock < policy.end
        return clock >= policy.start or clock < policy.end


class _Flat:
    """The same to every customer it speaks to: prebuilt."""

    def __init__(self, selection: Selection, code: Code, policy: str, text: str) -> None:
        self._selection = selection
        self._knockout = Knockout("contact", code, policy, text, selection.mask)

    def knockout(self, placement: str) -> Knockout | None:
        return self._knockout if self._selection.at_placement(placement) else None

    def take(self, label: Label) -> None:
        """Nothing that is taken changes it."""


def prepare(policy: Policy, fleet: Fleet) -> Prepared:
    """`policy` made ready for the actions of one catalogue."""
    match policy:
        case Cap():
            return _Capping(policy, fleet)
        case Rest():
            return _Resting(policy, fleet)
        case KeepOut():
            return _KeepingOut(policy, fleet)
        case Quiet():
            return _Hushing(policy, fleet)
