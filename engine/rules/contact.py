"""Contact policies: how often, how soon again, at what hours, and what must come first.

A policy's selector speaks twice: it says which contacts (or outcomes) are looked at, and
which actions are kept out. Reading a customer is one pass over their rows; from there the
work is per label and per policy, never per action.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.domain import Action, Contacts, EventLabel, Events, Facts, Knockout
from engine.rules.engagement import Evaluated
from engine.rules.limits import Policy, Rest
from engine.rules.opinions import Opinion, Seen, prepare
from engine.rules.selecting import Fleet, label_of


class ContactPolicies:
    """Every contact policy of a catalogue, made ready for its actions (sorted by id).

    `reach` is how far back, in ms, contacts and events must be kept for these policies.
    """

    def __init__(self, policies: Sequence[Policy], actions: Sequence[Action]) -> None:
        self._fleet = Fleet(actions)
        self._policies = tuple(prepare(policy, self._fleet) for policy in policies)
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
        seen = Seen(contacts, outcomes, evaluation.false, facts.customer, now)
        opinions = [
            opinion
            for policy in self._policies
            if policy.selection.on_channel(channel)
            and (opinion := policy.read(seen, channel)) is not None
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


class ContactCheck:
    """What the contact policies say to one customer's request, as its slots are filled.

    Belongs to one decision: `take` changes it.
    """

    def __init__(
        self, fleet: Fleet, snoozed: list[Knockout], opinions: Sequence[Opinion], channel: str
    ) -> None:
        self._fleet = fleet
        self._snoozed = snoozed
        self._opinions = opinions
        self._channel = channel
        self._taken: list[tuple[int, str]] = []

    def knockouts(self, placement: str) -> list[Knockout]:
        """What is kept out of `placement` now: snoozes first, then in the authors' order."""
        if self._taken:
            self._tell()
        said = [
            knockout
            for opinion in self._opinions
            if (knockout := opinion.knockout(placement)) is not None
        ]
        return self._snoozed + said

    def take(self, action: int, placement: str) -> None:
        """Count a contact of this very request: the `action`-th action, at `placement`."""
        self._taken.append((action, placement))

    def _tell(self) -> None:
        """Tell of what was taken, once another slot asks: of a request's last nobody need hear."""
        for action, placement in self._taken:
            label = label_of(self._fleet.actions[action], self._channel, placement)
            for opinion in self._opinions:
                opinion.take(label)
        self._taken.clear()


def _latest(events: Events, outcomes: frozenset[str]) -> list[tuple[EventLabel, int]]:
    if not outcomes:
        return []
    return [
        (label, tally.last)
        for label, tally in zip(events.labels, events.tallies, strict=True)
        if label.type in outcomes
    ]
