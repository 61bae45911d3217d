"""Contact policies: how often, how soon again, at what hours, and what must come first.

A policy's selector speaks twice: it says which contacts (or outcomes) are looked at, and
which actions are kept out. Reading a customer is one pass over their rows; from there the
work is per label and per policy, never per action.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from engine.domain import Action, Contacts, EventLabel, Events, Facts, Knockout, Label, Value
from engine.rules.engagement import Evaluated
from engine.rules.limits import Cap, KeepOut, Policy, Quiet, Rest
from engine.rules.selecting import Fleet, Key, Selection, label_of
from engine.rules.windows import in_words, local, zone


class ContactPolicies:
    """Every contact policy of a catalogue, made ready for its actions (sorted by id).

    `reach` is how far back, in ms, contacts and events must be kept for these policies.
    """

    def __init__(self, policies: Sequence[Policy], actions: Sequence[Action]) -> None:
        self._fleet = Fleet(actions)
        self._policies = tuple(_prepare(policy, self._fleet) for policy in policies)
        self._outcomes = frozenset(
            outcome for policy in policies if isinstance(policy, Rest) for outcome in policy.after
        )
        self.reach = max((policy.reach for policy in policies), default=0)

    def check(self, contacts: Contacts, facts: Facts, evaluation: Evaluated) -> ContactCheck:
        """Read one customer for one request: on the channel and at the moment of `facts`.

        `evaluation` says which conditions are false, for the keep-outs: one that is not
        known keeps out as well.
        """
        now, events, channel = facts.now, facts.events, facts.channel
        seen = _Seen(
            _times(contacts, now),
            _latest(events, self._outcomes),
            evaluation.false,
            facts.customer,
            now,
        )
        opinions = [
            opinion
            for policy in self._policies
            if policy.selection.on_channel(channel)
            and (opinion := policy.read(seen, channel)) is not None
        ]
        return ContactCheck(self._fleet, self._snoozed(events, now), opinions, channel)

    def _snoozed(self, events: Events, now: int) -> list[Knockout]:
        mask = 0
        for row in events.rows:
            if row.until > now:
                mask |= self._fleet.mask("action", events.labels[row.label].action)
        if not mask:
            return []
        text = "The customer asked to be shown this later."
        return [Knockout("contact", "snoozed", "snoozed", text, mask)]


class ContactCheck:
    """What the contact policies say to one customer's request, as its slots are filled.

    Belongs to one decision: `take` changes it.
    """

    def __init__(
        self, fleet: Fleet, snoozed: list[Knockout], opinions: Sequence[_Opinion], channel: str
    ) -> None:
        self._fleet = fleet
        self._snoozed = snoozed
        self._opinions = opinions
        self._channel = channel

    def knockouts(self, placement: str) -> list[Knockout]:
        """What is kept out of `placement` now: snoozes first, then in the authors' order."""
        said = [
            knockout
            for opinion in self._opinions
            if (knockout := opinion.knockout(placement)) is not None
        ]
        return self._snoozed + said

    def take(self, action: int, placement: str) -> None:
        """Count a contact of this very request: the `action`-th action, at `placement`."""
        label = label_of(self._fleet.actions[action], self._channel, placement)
        for opinion in self._opinions:
            opinion.take(label)


class _Seen(NamedTuple):
    """A customer, read once for all policies: when each label was contacted, oldest first,
    and when each outcome that rests something last happened."""

    contacts: list[tuple[Label, list[int]]]
    outcomes: list[tuple[EventLabel, int]]
    false: Collection[int]
    customer: Mapping[str, Value]
    now: int


def _times(contacts: Contacts, now: int) -> list[tuple[Label, list[int]]]:
    times: list[list[int]] = [[] for _ in contacts.labels]
    for row in contacts.rows:
        if not row.until or row.until > now:
            times[row.label].append(row.at)
    return [(label, when) for label, when in zip(contacts.labels, times, strict=True) if when]


def _latest(events: Events, outcomes: frozenset[str]) -> list[tuple[EventLabel, int]]:
    if not outcomes:
        return []
    return [
        (label, tally.last)
        for label, tally in zip(events.labels, events.tallies, strict=True)
        if label.type in outcomes
    ]


class _Opinion(Protocol):
    """What one policy says to one request, so far."""

    def knockout(self, placement: str) -> Knockout | None: ...
    def take(self, label: Label) -> None: ...


class _Prepared(Protocol):
    """One policy made ready for a catalogue; `read` gives None when it has nothing to say."""

    @property
    def selection(self) -> Selection: ...
    def read(self, seen: _Seen, channel: str) -> _Opinion | None: ...


class _Capping:
    def __init__(self, policy: Cap, fleet: Fleet) -> None:
        self.selection = Selection(policy.applies, policy.per, fleet)
        self.policy = policy
        each = f" of the same {policy.per}" if policy.per else ""
        many = "contact" if policy.cap == 1 else "contacts"
        self.text = f"At most {policy.cap} {many}{each} {in_words(policy.window)}: used up."

    def read(self, seen: _Seen, channel: str) -> _Opinion | None:
        matches, key = self.selection.matches, self.selection.key
        start = self.policy.window.start(seen.now)
        used: dict[Key, int] = {}
        for label, times in seen.contacts:
            if times[-1] >= start and matches(label):
                what = key(label)
                used[what] = used.get(what, 0) + len(times) - bisect_left(times, start)
        return _Counted(self, used, channel)


class _Counted:
    """How much of a cap is used, by key."""

    def __init__(self, capping: _Capping, used: dict[Key, int], channel: str) -> None:
        self._capping = capping
        self._used = used
        self._channel = channel

    def knockout(self, placement: str) -> Knockout | None:
        selection, policy = self._capping.selection, self._capping.policy
        if not selection.at_placement(placement):
            return None
        cap = policy.cap
        used_up = {key for key, count in self._used.items() if count >= cap}
        mask = selection.kept_out(used_up, self._channel, placement) if cap else selection.mask
        if not mask:
            return None
        return Knockout("contact", "cap-reached", policy.id, self._capping.text, mask)

    def take(self, label: Label) -> None:
        selection = self._capping.selection
        if selection.matches(label):
            key = selection.key(label)
            self._used[key] = self._used.get(key, 0) + 1


class _Resting:
    def __init__(self, policy: Rest, fleet: Fleet) -> None:
        self.selection = Selection(policy.applies, policy.per, fleet)
        self.policy = policy
        each = f" for the same {policy.per}" if policy.per else ""
        self.text = f"Resting after {' or '.join(sorted(policy.after))}{each}."

    def read(self, seen: _Seen, channel: str) -> _Opinion | None:
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

    def read(self, seen: _Seen, channel: str) -> _Opinion | None:  # noqa: ARG002 - as _Prepared
        return self._opinion if self._when not in seen.false else None


class _Hushing:
    def __init__(self, policy: Quiet, fleet: Fleet) -> None:
        self.selection = Selection(policy.applies, None, fleet)
        self._policy = policy
        text = f"Quiet hours: {policy.start:%H:%M} until {policy.end:%H:%M} on the local clock."
        self._opinion = _Flat(self.selection, "quiet-hours", policy.id, text)

    def read(self, seen: _Seen, channel: str) -> _Opinion | None:  # noqa: ARG002 - as _Prepared
        return self._opinion if self._quiet(seen) else None

    def _quiet(self, seen: _Seen) -> bool:
        policy = self._policy
        theirs = zone(seen.customer.get(policy.attribute)) if policy.attribute else None
        clock = local(seen.now, theirs or policy.fallback).time()
        if policy.start < policy.end:
            return policy.start <= clock < policy.end
        return clock >= policy.start or clock < policy.end


class _Flat:
    """The same to every customer it speaks to: prebuilt."""

    def __init__(self, selection: Selection, code: str, policy: str, text: str) -> None:
        self._selection = selection
        self._knockout = Knockout("contact", code, policy, text, selection.mask)

    def knockout(self, placement: str) -> Knockout | None:
        return self._knockout if self._selection.at_placement(placement) else None

    def take(self, label: Label) -> None:
        """Nothing that is taken changes it."""


def _prepare(policy: Policy, fleet: Fleet) -> _Prepared:
    match policy:
        case Cap():
            return _Capping(policy, fleet)
        case Rest():
            return _Resting(policy, fleet)
        case KeepOut():
            return _KeepingOut(policy, fleet)
        case Quiet():
            return _Hushing(policy, fleet)
