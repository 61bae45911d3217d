"""Keep-outs and quiet hours: while they hold, nothing that they select, whatever was taken."""

from __future__ import annotations

from engine.domain import Code, Knockout, Label
from engine.rules.limits import KeepOut, Quiet
from engine.rules.opinions import Opinion, Portrait
from engine.rules.selecting import Fleet, Selection
from engine.rules.windows import local, zone


class KeepingOut:
    """A keep-out made ready for a catalogue."""

    def __init__(self, policy: KeepOut, fleet: Fleet) -> None:
        self.selection = Selection(policy.keep_out, None, fleet)
        self._when = policy.when
        text = "Something else comes first for this customer now."
        self._opinion = _Flat(self.selection, "kept-out", policy.id, text)

    def read(self, portrait: Portrait, channel: str) -> Opinion | None:  # noqa: ARG002 - as Prepared
        return self._opinion if self._when not in portrait.false else None


class Hushing:
    """Quiet hours made ready for a catalogue."""

    def __init__(self, policy: Quiet, fleet: Fleet) -> None:
        self.selection = Selection(policy.applies, None, fleet)
        self._policy = policy
        text = f"Quiet hours: {policy.start:%H:%M} until {policy.end:%H:%M} on the local clock."
        self._opinion = _Flat(self.selection, "quiet-hours", policy.id, text)

    def read(self, portrait: Portrait, channel: str) -> Opinion | None:  # noqa: ARG002 - as Prepared
        return self._opinion if self._quiet(portrait) else None

    def _quiet(self, portrait: Portrait) -> bool:
        policy = self._policy
        theirs = zone(portrait.customer.get(policy.attribute)) if policy.attribute else None
        clock = local(portrait.now, theirs or policy.fallback).time()
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
