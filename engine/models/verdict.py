"""What the gate says of a version: refusals with their reasons, the figures it went by, and for
how long its word holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from engine.magnitude import said
from engine.models.routing import Alias

Reason = Literal[
    "unfit",
    "unsigned",
    "oversized",
    "wrong-library",
    "unknown-attribute",
    "wrong-type",
    "unknown-category",
    "wrong-order",
    "unsound",
    "constant",
    "slow",
    "no-evidence",
    "inverted",
    "worse",
    "miscalibrated",
    "worse-for-some",
    "too-good",
    "earns-less",
    "unproven",
]
REASONS: tuple[Reason, ...] = get_args(Reason)

MAY_BE_ACKNOWLEDGED: frozenset[Reason] = frozenset({"no-evidence", "too-good", "unproven"})
"""What the traffic cannot settle, somebody may answer for. Nothing else."""

FRESH = 86_400_000
"""A verdict lets a version in for so many ms, a day: what it was judged by is of then."""


class Refusal(Struct, frozen=True):
    """One reason why a version must not serve, in words with its figures."""

    reason: Reason
    text: str


class Verdict(Struct, frozen=True):
    """The gate's word on a version. `figures` are what was measured, by name."""

    name: str
    digest: str
    against: str
    refusals: tuple[Refusal, ...]
    acknowledged: tuple[Refusal, ...] = ()
    figures: Mapping[str, float] = {}

    @property
    def passed(self) -> bool:
        """May it serve?"""
        return not self.refusals

    def text(self) -> str:
        """For people, a line a finding."""
        figures = [f"  {name}: {_shown(value)}" for name, value in self.figures.items()]
        accepted = [f"  acknowledged {one.reason}: {one.text}" for one in self.acknowledged]
        refused = [f"  {one.reason}: {one.text}" for one in self.refusals]
        word = "passes" if self.passed else "is refused"
        title = f"{self.name} {self.digest} {word}, judged against {self.against}"
        return "\n".join([title, *figures, *accepted, *refused])

    def json(self) -> bytes:
        """For machines."""
        return msgspec.json.format(msgspec.json.encode(self))


def _shown(figure: float) -> str:
    """A count is whole; all others have as many decimals, that they can be read as a column."""
    if isinstance(figure, int):
        return f"{figure:,}"
    return said(figure, ",.4f", ".4e")


class Judgement(Struct, frozen=True):
    """A verdict, and what it was given about: that `version` (a digest, or `learned`) should be an
    alias, beside the champion of then, under a catalogue (its digest), at a time (ms)."""

    verdict: Verdict
    version: str
    alias: Alias
    champion: str
    catalogue: str
    at: int

    def objections(self, champion: str, catalogue: str, now: int) -> Iterator[str]:
        """All that speaks against letting the version in now, each beginning with its reason."""
        for one in self.verdict.refusals:
            yield f"{one.reason}: {one.text}"
        if champion != self.champion:
            yield f"stale: judged beside champion {self.champion}, and now that is {champion}"
        if catalogue != self.catalogue:
            yield f"stale: judged under catalogue {self.catalogue}, and {catalogue} serves"
        if abs(now - self.at) > FRESH:
            yield "stale: judged over a day ago"


def verdict(
    name: str,
    digest: str,
    against: str,
    found: Collection[Refusal],
    figures: Mapping[str, float],
    acknowledged: Collection[str],
) -> Verdict:
    """The verdict, where somebody answers for some of what was found."""
    waived = MAY_BE_ACKNOWLEDGED & set(acknowledged)
    return Verdict(
        name,
        digest,
        against,
        tuple(one for one in found if one.reason not in waived),
        tuple(one for one in found if one.reason in waived),
        figures,
    )
