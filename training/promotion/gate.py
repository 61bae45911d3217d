"""The gate: everything that is asked of a version before it serves, in one place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import inf
from typing import NamedTuple

from engine.catalogue import Catalogue
from engine.errors import ModelRefused, ModelTooLarge, ModelUnsigned, WrongLibrary
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.models.routing import LEARNED, Alias
from engine.models.verdict import Reason, Refusal, Verdict, verdict
from engine.registry import Registry
from training.dataset import Examples
from training.offpolicy.candidates import Candidates
from training.offpolicy.logged import Vector
from training.promotion.contender import Contender, alone
from training.promotion.earnings import earned, earnings
from training.promotion.evidence import Evidence, samples, unseen_from
from training.promotion.judgement import judged, too_little
from training.promotion.schema import misfits
from training.promotion.snapshots import snapshots
from training.promotion.soundness import Clock, paced, too_slow, unsound

_UNFIT: tuple[tuple[type[ModelRefused], Reason], ...] = (
    (ModelUnsigned, "unsigned"),
    (ModelTooLarge, "oversized"),
    (WrongLibrary, "wrong-library"),
)


_LEARNING = Refusal(
    "no-evidence",
    "a file says nothing of the learner, nor against it: it goes on learning from the house's own "
    "answers, and what it knew when those rows came is not known. Judge by own traffic (leave out "
    "--judge and --mapping), where each offer counts by what it knew then",
)


class Gate(NamedTuple):
    """A house's gate. `seed` is of what is drawn to tell chance from fault."""

    name: str
    registry: Registry
    candidates: Candidates
    clock: Clock
    seed: int = 0

    @property
    def catalogue(self) -> Catalogue:
        """What would decide with the model."""
        return self.candidates.catalogue

    def contender(self, named: str, until: float = inf) -> Contender:
        """A version by its digest, an alias, or `learned`: the learner, as it went on. `until`
        (ms): the last moment of which there may be evidence.

        Raises NotFound.
        """
        digest = self.registry.resolve(self.name, named)
        if named == LEARNED and (found := snapshots(self.registry, self.name, until)):
            return Contender(LEARNED, found, self._load, found[0][0] + 1)
        return alone(digest, self._load, self._unseen(digest))

    def champion(self, until: float = inf) -> Contender:
        """What serves now; the prior where nothing does. `until`: as for `contender`."""
        table = self.registry.table(self.name)
        if table.routing().champion is None:
            return alone(UNTRAINED.version, self._load)
        return self.contender(table.champion or LEARNED, until)

    def judge(
        self,
        candidate: Contender,
        champion: Contender,
        alias: Alias,
        evidence: Evidence,
        acknowledged: Collection[str] = (),
    ) -> Verdict:
        """The verdict on what is to serve under an alias.

        A shadow touches no answer, so of it only soundness and speed are asked.
        """
        against = f"champion {champion.name}"
        try:
            latest = candidate.load(candidate.latest)
        except ModelRefused as error:
            return self._said(candidate, "nothing", [_unfit(error)], {}, acknowledged)
        figures: dict[str, float] = {}
        found = list(self._technical(latest, candidate.latest, evidence, figures))
        if alias != "shadow" and not any(one.reason == "unsound" for one in found):
            found += self._judged(candidate, champion, evidence, figures)
        return self._said(candidate, against, found, figures, acknowledged)

    def _said(
        self,
        candidate: Contender,
        against: str,
        found: Collection[Refusal],
        figures: Mapping[str, float],
        acknowledged: Collection[str],
    ) -> Verdict:
        return verdict(self.name, candidate.name, against, found, figures, acknowledged)

    def _load(self, digest: str) -> Model:
        return UNTRAINED if digest == UNTRAINED.version else self.registry.load(self.name, digest)

    def _unseen(self, digest: str) -> int:
        try:
            return unseen_from(self.registry.manifest(self.name, digest).metadata)
        except ModelRefused:  # which the verdict says, with its reason
            return 0

    def _technical(
        self, model: Model, digest: str, evidence: Evidence, figures: dict[str, float]
    ) -> Iterator[Refusal]:
        metadata = self.registry.manifest(self.name, digest).metadata
        yield from misfits(model, metadata, self.catalogue)
        actions, facts = self.catalogue.actions, samples(evidence)
        bad = list(unsound(model, actions, facts))
        yield from bad
        if not any(one.reason == "unsound" for one in bad):
            pace = paced(model, actions, facts, self.clock)
            figures["scoring time over a plain logistic model's"] = pace.ratio
            yield from too_slow(pace, len(actions))

    def _judged(
        self,
        candidate: Contender,
        champion: Contender,
        evidence: Evidence,
        figures: dict[str, float],
    ) -> Iterator[Refusal]:
        if evidence.outside and (candidate.learns or champion.learns):
            yield _LEARNING
            return
        table = evidence.table
        missing = evidence.missing if table is None else too_little(table)
        if table is None or missing:
            yield Refusal("no-evidence", f"nothing recent to judge it by: {missing}")
            return
        figures["offers"] = len(table)
        ours, theirs = candidate.thinned(table), champion.thinned(table)
        if ours.learns:
            figures["snapshots"] = len(ours.versions)
        try:
            promised = ours.predict(table)
        except ModelRefused as error:  # by an older version of Teller, say
            yield Refusal("no-evidence", f"what decided then does not load here: {error}")
            return
        theirs, known, lacking = self._beside(theirs, table)
        yield from lacking
        yield from judged(table, promised, known, self.seed, figures)
        if ours.name != theirs.name:
            yield from earnings(earned(ours, theirs, evidence, self.catalogue, self.seed), figures)

    def _beside(
        self, champion: Contender, table: Examples
    ) -> tuple[Contender, Vector, list[Refusal]]:
        """The champion and what it promised; no model in its place where it does not load here, so
        that whoever answers for that answers for nothing else."""
        try:
            return champion, champion.predict(table), []
        except ModelRefused as error:
            nobody = alone(UNTRAINED.version, self._load)
            said = f"the champion of then does not load, so it is held against no model: {error}"
            return nobody, nobody.predict(table), [Refusal("no-evidence", said)]


def _unfit(error: ModelRefused) -> Refusal:
    for kind, reason in _UNFIT:
        if isinstance(error, kind):
            return Refusal(reason, str(error))
    return Refusal("unfit", str(error))
