"""From what each policy keeps out to one verdict: who still stands, and everyone's first reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct

from engine.domain import Consent, Knockout
from engine.rules.consent import ConsentPolicy
from engine.rules.engagement import Engagement, Evaluated
from engine.rules.masks import indices
from engine.rules.schedule import Schedule


class Verdict(Struct, frozen=True):
    """The actions that still stand, and why the others do not, in order of policies."""

    standing: int
    knockouts: list[Knockout]


class Policies(NamedTuple):
    """The policies that do not depend on what this request has chosen so far."""

    schedule: Schedule
    consent: ConsentPolicy
    engagement: Engagement

    def judge(
        self, candidates: int, consent: Mapping[str, Consent], evaluation: Evaluated, now: int
    ) -> Verdict:
        """Schedule, then consent, then engagement, over the actions in `candidates`."""
        knockouts = [
            *self.schedule.knockouts(now),
            *self.consent.knockouts(consent),
            *self.engagement.knockouts(evaluation),
        ]
        return Verdict(standing(candidates, knockouts), knockouts)


def standing(candidates: int, knockouts: Iterable[Knockout]) -> int:
    """What is left of `candidates` once every knockout has had its say."""
    out = 0
    for knockout in knockouts:
        out |= knockout.mask
    return candidates & ~out


def first_reasons(knockouts: Iterable[Knockout], candidates: int) -> Iterator[tuple[int, Knockout]]:
    """Each action of `candidates` that was knocked out, with the first knockout to do it.

    `knockouts` in order of policies. An action that still stands does not appear.
    """
    left = candidates
    for knockout in knockouts:
        hit = knockout.mask & left
        if hit:
            left ^= hit
            for action in indices(hit).tolist():
                yield action, knockout
