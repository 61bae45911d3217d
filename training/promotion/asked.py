"""What `teller promote` was asked, answered."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from engine.catalogue import Catalogue
from engine.errors import Misconfigured
from engine.models.routing import LEARNED, Alias
from engine.models.verdict import MAY_BE_ACKNOWLEDGED, Judgement
from engine.registry import Registry
from training.offpolicy.candidates import Candidates
from training.promotion.evidence import Evidence, of_file, of_house
from training.promotion.gate import Gate
from training.promotion.house import House
from training.promotion.soundness import wall


class Asked(NamedTuple):
    """`digest` may be an alias; `file` and its `mapping` in place of the house's own traffic."""

    name: str
    digest: str
    alias: Alias
    acknowledged: Collection[str]
    file: Path | None
    mapping: Path | None

    def judge(self, house: House, catalogue: Path, rules: str | None) -> Judgement:
        """The gate's word and what it is about.

        Raises Misconfigured, NotFound, CatalogueRefused, ModelRefused where it decides already.
        """
        if strange := sorted(set(self.acknowledged) - MAY_BE_ACKNOWLEDGED):
            known = ", ".join(sorted(MAY_BE_ACKNOWLEDGED))
            raise Misconfigured(f"--acknowledge {strange[0]}: nobody can answer for that; {known}")
        candidates = Candidates(catalogue, house.registry, rules)
        gate = Gate(self.name, house.registry, candidates, wall)
        version, now = self._following(house.registry), time.time_ns() // 1_000_000
        table = house.registry.table(self.name)
        table.promoted(version, self.alias)  # what would change nothing needs no judging
        until = now - candidates.catalogue.strategy.attribution
        candidate, champion = gate.contender(self.digest, until), gate.champion(until)
        since = max(candidate.since, champion.since)
        evidence = self._evidence(house, candidates.catalogue, now, since)
        verdict = gate.judge(candidate, champion, self.alias, evidence, self.acknowledged)
        return Judgement(
            verdict, version, self.alias, table.reigning, candidates.catalogue.digest, now
        )

    def _following(self, registry: Registry) -> str:
        """What the alias is to stand for: a version, or the learner's latest for good."""
        return LEARNED if self.digest == LEARNED else registry.resolve(self.name, self.digest)

    def _evidence(self, house: House, catalogue: Catalogue, now: int, since: int) -> Evidence:
        """From `since` (ms) on: what neither of them has seen."""
        if self.file is not None and self.mapping is not None:
            return of_file(self.file, self.mapping, catalogue, since)
        if self.file is not None or self.mapping is not None:
            raise Misconfigured("--judge and --mapping belong together: give both")
        return of_house(house.data, house.store.log, catalogue, now, since)
