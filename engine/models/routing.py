"""Which version of a model decides for whom: a champion, a challenger on a share, a shadow.

A customer's place is a salted hash of the id: the same in every worker, for as long as a
challenge lasts, and for those who stay while its share grows. Of two customers that were
merged, the survivor's id counts, so the survivor goes on with the version it had.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

from msgspec import Struct
from msgspec.structs import replace

from engine.errors import ModelRefused, NotFound
from engine.hashing import uniform

Alias = Literal["champion", "challenger", "shadow", "learned"]
ALIASES: tuple[Alias, ...] = get_args(Alias)

LEARNED: Alias = "learned"
"""The online learner's latest version. Where it stands for a version, every newer one does."""

NOBODY = "none"
"""Among the champions before: there was none, and the learner or the prior served."""

SHARE = 0.1
"""Of all customers, a challenger's where nobody says how many."""

PREVIOUS = 50
"""So many champions before are remembered at most."""


class Routing(NamedTuple):
    """Versions by who they decide for. `champion` None: the prior; `share` of all customers are
    the challenger's, by `salt`; `learned` is the learner's latest, whoever it decides for."""

    champion: str | None = None
    challenger: str | None = None
    shadow: str | None = None
    share: float = 0.0
    salt: str = ""
    learned: str | None = None

    def told(self, version: str) -> str:
        """How to tell of a version where many snapshots would be too many names."""
        return LEARNED if version == self.learned else version

    def challenged(self, customer_id: str) -> bool:
        """Whether the challenger decides for this customer."""
        return uniform(customer_id, f"challenger/{self.salt}") < self.share


class Aliases(Struct, frozen=True):
    """What a model's aliases mean. `previous`: the champions before, the latest first.

    An alias may stand for `learned`. `salt` is the version that began the challenge, which is
    handed on to its successors. `spent` are the verdicts that have let something in, the latest
    first.
    """

    champion: str | None = None
    challenger: str | None = None
    shadow: str | None = None
    learned: str | None = None
    share: float = 0.0
    salt: str = ""
    previous: tuple[str, ...] = ()
    spent: tuple[str, ...] = ()

    @property
    def before(self) -> str | None:
        """What a rollback makes decide: a champion before, the learner, or nobody; None where
        there is nothing to go back to."""
        if not self.previous:
            return None
        return self.rolled_back().reigning

    @property
    def reigning(self) -> str:
        """The champion; where none was promoted the learner, or nobody."""
        return self.champion or (LEARNED if self.learned else NOBODY)

    def versions(self) -> dict[Alias, str]:
        """alias -> digest, those that mean something."""
        named = {alias: self._digest(getattr(self, alias)) for alias in ALIASES}
        return {alias: digest for alias, digest in named.items() if digest}

    def routing(self) -> Routing:
        """Who decides for whom.

        Until a champion is promoted the learner decides; from then on it is the shadow, unless
        another one is.
        """
        found = self.versions()
        champion, learned = found.get("champion"), found.get("learned")
        others = {"shadow": found.get("shadow") or learned, "challenger": found.get("challenger")}
        decides = champion or learned
        shadow, challenger = (None if digest == decides else digest for digest in others.values())
        share = self.share if challenger else 0.0
        return Routing(decides, challenger, shadow, share, self.salt, learned)

    def promoted(self, digest: str, alias: Alias, share: float | None = None) -> Aliases:
        """With `digest` (or `learned`) under an alias; a champion leaves its other places.

        `share` in (0, 1] is the challenger's: what it was by default, or a tenth. Raises
        ModelRefused for a challenger or shadow of itself.
        """
        if alias == "champion":
            return self._crowned(digest)
        if alias != LEARNED and digest == self.reigning:
            raise ModelRefused(
                f"{'the learner' if digest == LEARNED else digest} decides for everybody already: "
                f"as {alias} it would be held against itself; promote another version"
            )
        if alias == "challenger":
            salt = self.salt if self.challenger and self.salt else digest
            return replace(self, challenger=digest, share=share or self.share or SHARE, salt=salt)
        return replace(self, **{alias: digest})

    def rolled_back(self) -> Aliases:
        """With the champion before, for everyone. Raises NotFound when there is none."""
        if not self.previous:
            raise NotFound("there is no earlier champion to go back to")
        before, *earlier = self.previous
        champion = None if before == NOBODY else before
        return replace(self.ended("challenger"), champion=champion, previous=tuple(earlier))

    def ended(self, alias: Alias) -> Aliases:
        """Without what an alias stands for."""
        if alias == "challenger":
            return replace(self, challenger=None, share=0.0, salt="")
        return replace(self, **{alias: None})

    def written(self) -> dict[str, str]:
        """As a table of text, which `read_aliases` reads; what is not there is empty."""
        named: dict[str, str] = {alias: getattr(self, alias) or "" for alias in ALIASES}
        share = repr(self.share) if self.share else ""
        listed = {"previous": ",".join(self.previous), "spent": ",".join(self.spent)}
        return {**named, "share": share, "salt": self.salt, **listed}

    def _crowned(self, digest: str) -> Aliases:
        if digest == self.champion:
            return self
        crowned = self
        for alias in ("challenger", "shadow"):
            if getattr(self, alias) == digest:
                crowned = crowned.ended(alias)
        previous = (self.champion or NOBODY, *self.previous)[:PREVIOUS]
        return replace(crowned, champion=digest, previous=previous)

    def _digest(self, named: str | None) -> str | None:
        return self.learned if named == LEARNED else named


def read_aliases(table: Mapping[str, str]) -> Aliases:
    """Aliases from their table. Raises ModelRefused for a share that is none."""
    named = {alias: table.get(alias) or None for alias in ALIASES}
    previous, spent = (
        tuple(filter(None, table.get(listed, "").split(","))) for listed in ("previous", "spent")
    )
    return Aliases(
        **named, share=_share(table), salt=table.get("salt", ""), previous=previous, spent=spent
    )


def _share(table: Mapping[str, str]) -> float:
    said = table.get("share") or "0"
    try:
        share = float(said)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise ModelRefused(
            f"the challenger's share is from 0 to 1, not {said!r:.40}: promote again"
        )
    return share
