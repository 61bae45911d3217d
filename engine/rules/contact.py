"""Contact policies: how often, how soon again, at what hours, and what must come first.

A policy's selector speaks twice: it says which contacts (or outcomes) are looked at, and
which actions are kept out. Reading a customer is one pass over their rows; from there the
work is per label and per policy, never per action.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from engine.domain import Action, Contacts, EventLabel, Events, Facts, Knockout
from engine.rules.capping import Capping
from engine.rules.engagement import Evaluated
from engine.rules.hushing import Hushing, KeepingOut
from engine.rules.limits import Cap, KeepOut, Policy, Quiet, Rest
from engine.rules.opinions import Opinion, Portrait, Prepared
from engine.rules.resting import Resting
from engine.rules.selecting import Fleet, label_of


class ContactPolicies:
    """Every contact policy of a catalogue, made ready for its actions (sorted by id).

    `reach` is how far back, in ms, contacts and events must be kept for these policies.
    """

    def __init__(self, policies: Sequence[Policy], actions: Sequence[Action]) -> None:
        self._fleet = Fleet(actions)
        prepared = [_prepared(policy, self._fleet) for policy in policies]
        named = frozenset().union(*[one.selection.channels for one in prepared])
        self._anywhere = _speaking(prepared, None)
        self._on = {channel: _speaking(prepared, channel) for channel in named}
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
        outcomes = _latest(events, self._outcomes)
        portrait = Portrait(contacts, outcomes, evaluation.false, facts.customer, now)
        opinions = [
            opinion
            for policy in self._on.get(channel, self._anywhere)
            if (opinion := policy.read(portrait, channel)) is not None
        ]
        return ContactCheck(self._fleet, self._snoozed(events, now), opinions, channel)

    def _snoozed(self, events: Events, now: int) -> list[Knockout]:
        mask = 0
        for label in [row.label for row in events.rows if row.until > now]:
            mask |= self._fleet.mask("action", events.labels[label].action)
        if not mask:
            return []
        text = "The customer asked to be shown this later."
        return [Knockout("contact", "snoozed", "snoozed", text, mask)]


class ContactCheck(Struct):
    """What the contact policies say to one customer's request, as its slots are filled.

    Belongs to one decision: `take` changes it. `taken` is what no policy was told of yet.
    """

    fleet: Fleet
    snoozed: list[Knockout]
    opinions: Sequence[Opinion]
    channel: str
    taken: list[tuple[int, str]] = []

    def knockouts(self, placement: str) -> list[Knockout]:
        """What is kept out of `placement` now: snoozes first, then in the authors' order."""
        if self.taken:
            self._tell()
        said = [
            knockout
            for opinion in self.opinions
            if (knockout := opinion.knockout(placement)) is not None
        ]
        return self.snoozed + said

    def take(self, action: int, placement: str) -> None:
        """Count a contact of this very request: the `action`-th action, at `placement`."""
        self.taken.append((action, placement))

    def _tell(self) -> None:
        """Tell of what was taken, once another slot asks: of a request's last nobody need hear."""
        for action, placement in self.taken:
            label = label_of(self.fleet.actions[action], self.channel, placement)
            for opinion in self.opinions:
                opinion.take(label)
        self.taken.clear()


def _prepared(policy: Policy, fleet: Fleet) -> Prepared:
    """`policy` made ready for the actions of one catalogue."""
    match policy:
        case Cap():
            return Capping(policy, fleet)
        case Rest():
            return Resting(policy, fleet)
        case KeepOut():
            return KeepingOut(policy, fleet)
        case Quiet():
            return Hushing(policy, fleet)


def _speaking(policies: Sequence[Prepared], channel: str | None) -> tuple[Prepared, ...]:
    """Those that can keep anything out on that channel; None is one that no policy names."""
    return tuple([one for one in policies if one.selection.on_channel(channel)])


def _latest(events: Events, outcomes: frozenset[str]) -> list[tuple[EventLabel, int]]:
    if not outcomes:
        return []
    return [
        (label, tally.last)
        for label, tally in zip(events.labels, events.tallies, strict=True)
        if label.type in outcomes
    ]
