"""What `teller promote` was asked, answered."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from engine.catalogue import Catalogue
from engine.errors import Misconfigured, ModelRefused
from engine.models.routing import LEARNED, Alias
from engine.registry import Registry
from training.offpolicy.candidates import Candidates
from training.promotion.command import House
from training.promotion.evidence import Evidence, learnt_until, of_file, of_house
from training.promotion.gate import Gate
from training.promotion.soundness import wall
from training.promotion.verdict import MAY_BE_ACKNOWLEDGED, Verdict


class Asked(NamedTuple):
    """`digest` may be an alias; `file` and its `mapping` in place of the house's own traffic."""

    name: str
    digest: str
    alias: Alias
    acknowledged: Collection[str]
    file: Path | None
    mapping: Path | None

    def judge(self, house: House, catalogue: Path, rules: str | None) -> Verdict:
        """The gate's word. Raises Misconfigured, NotFound, CatalogueRefused."""
        if strange := sorted(set(self.acknowledged) - MAY_BE_ACKNOWLEDGED):
            known = ", ".join(sorted(MAY_BE_ACKNOWLEDGED))
            raise Misconfigured(f"--acknowledge {strange[0]}: nobody can answer for that; {known}")
        digest = house.registry.resolve(self.name, self.digest)
        candidates = Candidates(catalogue, house.registry, rules)
        evidence = self._evidence(house, digest, candidates.catalogue)
        gate = Gate(self.name, house.registry, candidates, wall)
        return gate.judge(digest, self.alias, evidence, self.acknowledged)

    def following(self, registry: Registry) -> str:
        """What the alias is to stand for: a version, or the learner's latest for good."""
        return LEARNED if self.digest == LEARNED else registry.resolve(self.name, self.digest)

    def _evidence(self, house: House, digest: str, catalogue: Catalogue) -> Evidence:
        if self.file is not None and self.mapping is not None:
            return of_file(self.file, self.mapping, catalogue)
        if self.file is not None or self.mapping is not None:
            raise Misconfigured("--judge and --mapping belong together: give both")
        now = time.time_ns() // 1_000_000
        return of_house(house.data, house.store.log, catalogue, now, self._since(house, digest))

    def _since(self, house: House, digest: str) -> int:
        """When what neither of them has seen begins; the gate knows what to do with a learner."""
        champion = house.registry.table(self.name).champion
        fixed = [] if champion in (None, LEARNED) else [champion]
        return max(self._seen(house, one) for one in (digest, *fixed) if one)

    def _seen(self, house: House, digest: str) -> int:
        try:
            return learnt_until(house.registry.manifest(self.name, digest).metadata)
        except ModelRefused:  # which the gate will say, with its reason
            return 0
