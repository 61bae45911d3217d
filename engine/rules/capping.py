"""Caps: how much of one a customer has used up, and what it keeps out then."""

from __future__ import annotations

from msgspec import Struct

from engine.domain import Knockout, Label
from engine.rules.limits import Cap
from engine.rules.opinions import Opinion, Portrait
from engine.rules.selecting import Fleet, Key, Selection
from engine.rules.windows import in_words


class Capping:
    """A cap made ready for a catalogue."""

    def __init__(self, policy: Cap, fleet: Fleet) -> None:
        self.selection = Selection(policy.applies, policy.per, fleet)
        self.policy = policy
        each = f" of the same {policy.per}" if policy.per else ""
        many = "contact" if policy.cap == 1 else "contacts"
        self.text = f"At most {policy.cap} {many}{each} {in_words(policy.window)}: used up."

    def read(self, portrait: Portrait, channel: str) -> Opinion | None:
        return _Counted(self, portrait, channel)

    def used(self, portrait: Portrait) -> dict[Key, int]:
        """How much the contacts in the window use up, by key."""
        matches, key = self.selection.matches, self.selection.key
        labels = portrait.memory.labels
        used: dict[Key, int] = {}
        for number, count in portrait.counted(self.policy.window).items():
            label = labels[number]
            if matches(label):
                what = key(label)
                used[what] = used.get(what, 0) + count
        return used


class _Counted(Struct):
    """How much of a cap is used. Counted by key only once all there is to count could reach the
    cap: for most customers and most caps it never does."""

    capping: Capping
    portrait: Portrait
    channel: str
    used: dict[Key, int] | None = None
    taken: list[Key] = []

    def knockout(self, placement: str) -> Knockout | None:
        selection, policy = self.capping.selection, self.capping.policy
        if self.used is None:
            if not self.portrait.reaches(policy.cap - len(self.taken), policy.window):
                return None
            self.used = self.capping.used(self.portrait)
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
