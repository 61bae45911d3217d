"""What the gate says: refusals with their reasons, and the figures it went by."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, get_args

import msgspec
from msgspec import Struct

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
        figures = [f"  {name}: {value:,.4g}" for name, value in self.figures.items()]
        accepted = [f"  acknowledged {one.reason}: {one.text}" for one in self.acknowledged]
        refused = [f"  {one.reason}: {one.text}" for one in self.refusals]
        word = "passes" if self.passed else "is refused"
        title = f"{self.name} {self.digest} {word}, judged against {self.against}"
        return "\n".join([title, *figures, *accepted, *refused])

    def json(self) -> bytes:
        """For machines."""
        return msgspec.json.format(msgspec.json.encode(self))


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
