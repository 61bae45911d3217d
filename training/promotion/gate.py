"""The gate: everything that is asked of a version before it serves, in one place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import takewhile
from math import inf
from typing import NamedTuple

from engine.catalogue import Catalogue
from engine.errors import ModelRefused, ModelTooLarge, ModelUnsigned, NotFound, WrongLibrary
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.models.routing import LEARNED, Alias
from engine.models.verdict import Reason, Refusal, Verdict, verdict
from engine.registry import Registry
from training.dataset import Examples
from training.figures import Decimals
from training.offpolicy.assess import Choices, assess
from training.offpolicy.candidates import Candidates
from training.offpolicy.house import assess_traffic
from training.offpolicy.logged import Vector
from training.offpolicy.report import Evaluation
from training.offpolicy.targets import Target, of_model
from training.offpolicy.worth import arbitrated, valued
from training.promotion.contender import Contender, alone
from training.promotion.evidence import Evidence, File, samples, unseen_from
from training.promotion.judgement import judged, too_little
from training.promotion.schema import misfits
from training.promotion.soundness import Clock, paced, too_slow, unsound

MARGIN = 0.1
"""What may be lost by bad luck: a tenth of what the champion earns."""

_OURS, _THEIRS = "candidate", "champion"
_RESAMPLES = 400

_UNFIT: tuple[tuple[type[ModelRefused], Reason], ...] = (
    (ModelUnsigned, "unsigned"),
    (ModelTooLarge, "oversized"),
    (WrongLibrary, "wrong-library"),
)


_UNTOLD = Refusal(
    "unproven",
    "what it would earn is not known: there is no decision that could be made again, with the "
    "chance of what was shown",
)


_LEARNING = Refusal(
    "no-evidence",
    "a file says nothing of the learner, nor against it: it goes on learning from the house's own "
    "answers, and what it knew when those rows came is not known. Judge by own traffic (leave out "
    "--judge and --mapping), where each offer counts by what it knew then",
)


class Snapshot(NamedTuple):
    """One of the learner's: of the moment `at` (ms), when it had heard so many answers."""

    at: int
    answers: int
    digest: str


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
        if named == LEARNED and (snapshots := self._snapshots(until)):
            return Contender(LEARNED, snapshots, self._load, snapshots[0][0] + 1)
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

    def _snapshots(self, until: float) -> list[tuple[int, str]]:
        """The learner's, each with the moment it is of, in order of time: those that had heard
        at least half of the answers that the last of them did that there is evidence of."""
        every = filter(None, map(self._snapshot, self.registry.versions(self.name)))
        found = sorted(every, reverse=True)
        known = next((one.answers for one in found if one.at <= until), 0)
        grown = takewhile(lambda one: one.at > until or 2 * one.answers >= known, found)
        return [(one.at, one.digest) for one in grown][::-1]

    def _snapshot(self, digest: str) -> Snapshot | None:
        """None of anything else."""
        try:
            manifest = self.registry.manifest(self.name, digest)
        except (ModelRefused, NotFound):  # damaged, or let go meanwhile
            return None
        at, answers = (manifest.metadata.get(name) for name in ("at", "answers"))
        if manifest.kind == "online" and isinstance(at, int) and isinstance(answers, int):
            return Snapshot(at, answers, digest)
        return None

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
            found = self._earned(ours, theirs, evidence)
            yield from earnings(found, figures) if found else (_UNTOLD,)

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

    def _earned(
        self, candidate: Contender, champion: Contender, evidence: Evidence
    ) -> Evaluation | None:
        """What it would have earned, beside the champion, in worth: on the house's own decisions,
        rules and caps included; on a file by propensity and worth alone."""
        choices = Choices(resamples=_RESAMPLES, seed=self.seed)
        both = ((_OURS, candidate), (_THEIRS, champion))
        if evidence.traffic is not None:
            ours, theirs = (one.candidate(name, self.catalogue) for name, one in both)
            earned = arbitrated(evidence.traffic, self.catalogue)
            return assess_traffic(earned, [ours], [theirs], choices)
        if evidence.file is not None:
            file = evidence.file
            targets = [self._target(name, one, file) for name, one in both]
            return assess(valued(file.log, file.worth), targets[:1], targets[1:], choices)
        return None

    def _target(self, name: str, contender: Contender, file: File) -> Target:
        strategy = self.catalogue.strategy
        floor = strategy.floor if strategy.method == "epsilon" else 0.0
        model = contender.load(contender.latest)
        return of_model(file.log, name, model, file.actions, file.facts, file.worth, floor=floor)


def earnings(found: Evaluation, figures: dict[str, float]) -> Iterator[Refusal]:
    """Earning less than the champion; or not shown to earn as much, within `MARGIN`."""
    (policy,), (champion,) = found.policies, found.baselines
    refused = (*policy.overlap.reasons, *champion.overlap.reasons)
    if refused:
        yield Refusal(
            "unproven",
            f"what it would earn is not known: {refused[0]}. Its own decisions would tell: have it "
            "make some first, by --alias challenger --share 0.05 --acknowledge unproven",
        )
        return
    gain, least = policy.gains[champion.name], -MARGIN * abs(champion.value.value)
    figures["value of a decision"] = policy.value.value
    figures["value of a decision, champion"] = champion.value.value
    shown = Decimals([gain])
    if gain.high < 0.0:
        yield Refusal("earns-less", f"a decision earns less than the champion's: {shown(gain)}")
    elif gain.low < least:
        yield Refusal(
            "unproven",
            f"a decision may earn {shown.number(-gain.low)} less than the champion's "
            f"({shown.number(champion.value.value)}); at most {shown.number(-least)} may be "
            "risked. "
            "It takes more decisions, or more exploration, to know",
        )


def _unfit(error: ModelRefused) -> Refusal:
    for kind, reason in _UNFIT:
        if isinstance(error, kind):
            return Refusal(reason, str(error))
    return Refusal("unfit", str(error))
