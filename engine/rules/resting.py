"""Rests: silence for a while after an outcome."""

from __future__ import annotations

from engine.domain import Knockout, Label
from engine.rules.limits import Rest
from engine.rules.opinions import Opinion, Portrait
from engine.rules.selecting import Fleet, Key, Selection


class Resting:
    """A rest made ready for a catalogue."""

    def __init__(self, policy: Rest, fleet: Fleet) -> None:
        self.selection = Selection(policy.applies, policy.per, fleet)
        self.policy = policy
        each = f" for the same {policy.per}" if policy.per else ""
        self.text = f"Resting after {' or '.join(sorted(policy.after))}{each}."

    def read(self, portrait: Portrait, channel: str) -> Opinion | None:
        if not portrait.outcomes:
            return None
        since = portrait.now - self.policy.rest
        after, matches, key = self.policy.after, self.selection.matches, self.selection.key
        resting = {
            key(label)
            for label, last in portrait.outcomes
            if last > since and label.type in after and matches(label)
        }
        return _Rested(self, resting, channel) if resting else None


class _Rested:
    """Which keys rest."""

    def __init__(self, rule: Resting, resting: set[Key], channel: str) -> None:
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
