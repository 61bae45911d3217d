"""The gate: everything that is asked of a version before it serves, in one place."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import inf
from typing import NamedTuple

from engine.catalogue import Catalogue
from engine.errors import ModelRefused, ModelTooLarge, ModelUnsigned, NotFound, WrongLibrary
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.models.routing import LEARNED, Alias
from engine.registry import Registry
from training.offpolicy.assess import Choices, assess
from training.offpolicy.candidates import Candidates
from training.offpolicy.house import assess_traffic
from training.offpolicy.report import Evaluation
from training.offpolicy.targets import Target, of_model
from training.promotion.evidence import Evidence, File, learnt_until, samples
from training.promotion.judgement import judged, too_little
from training.promotion.schema import misfits
from training.promotion.soundness import Clock, slowness, too_slow, unsound
from training.promotion.verdict import Reason, Refusal, Verdict, verdict
from training.report import Interval

MARGIN = 0.1
"""What may be lost by bad luck: a tenth of what the champion earns."""

_OURS, _THEIRS = "candidate", "champion"
_RESAMPLES = 400

_UNFIT: tuple[tuple[type[ModelRefused], Reason], ...] = (
    (ModelUnsigned, "unsigned"),
    (ModelTooLarge, "oversized"),
    (WrongLibrary, "wrong-library"),
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

    def judge(
        self, digest: str, alias: Alias, evidence: Evidence, acknowledged: Collection[str] = ()
    ) -> Verdict:
        """The verdict on a version that is to serve under an alias.

        A shadow touches no answer, so of it only soundness and speed are asked. Raises NotFound.
        """
        try:
            candidate = self.registry.load(self.name, digest)
        except ModelRefused as error:
            return verdict(self.name, digest, "nothing", [_unfit(error)], {}, acknowledged)
        champion = self.champion(evidence.since)
        figures: dict[str, float] = {}
        found = list(self._technical(candidate, digest, evidence, figures))
        if alias != "shadow" and not any(one.reason == "unsound" for one in found):
            found += self._judged(candidate, champion, evidence, figures)
        against = f"champion {champion.version}{self._since_then(champion)}"
        return verdict(self.name, digest, against, found, figures, acknowledged)

    def champion(self, since: int = 0) -> Model:
        """What serves now; the prior where nothing does.

        Where the learner serves, its latest before `since` (ms): newer ones have seen the very
        answers a candidate is judged by, and of what it has seen a model is always right.
        """
        table = self.registry.table(self.name)
        digest = table.routing().champion
        if digest is not None and since and table.champion in (None, LEARNED):
            digest = self._learner(digest, since)
        return UNTRAINED if digest is None else self.registry.load(self.name, digest)

    def _learner(self, latest: str, since: int) -> str | None:
        """The learner's latest snapshot that has seen nothing from `since` on."""
        if self._seen(latest) <= since:
            return latest
        versions = self.registry.versions(self.name)
        seen = {one: at for one in versions if (at := self._seen(one)) <= since}
        return max(seen, key=lambda one: seen[one], default=None)

    def _seen(self, digest: str) -> float:
        """Until when (ms) a snapshot of the learner has; for ever, of anything else."""
        try:
            manifest = self.registry.manifest(self.name, digest)
        except (ModelRefused, NotFound):  # damaged, or let go meanwhile
            return inf
        return (manifest.kind == "online" and learnt_until(manifest.metadata)) or inf

    def _since_then(self, champion: Model) -> str:
        serving = self.registry.table(self.name).routing().champion
        same = champion.version == (serving or UNTRAINED.version)
        return "" if same else ", as the learner was when this was learnt"

    def _technical(
        self, model: Model, digest: str, evidence: Evidence, figures: dict[str, float]
    ) -> Iterator[Refusal]:
        metadata = self.registry.manifest(self.name, digest).metadata
        yield from misfits(model, metadata, self.catalogue)
        actions, facts = self.catalogue.actions, samples(evidence)
        bad = list(unsound(model, actions, facts))
        yield from bad
        if not any(one.reason == "unsound" for one in bad):
            ratio = slowness(model, actions, facts, self.clock)
            figures["scoring time over a plain logistic model's"] = ratio
            yield from too_slow(ratio, len(actions))

    def _judged(
        self, candidate: Model, champion: Model, evidence: Evidence, figures: dict[str, float]
    ) -> Iterator[Refusal]:
        table = evidence.table
        missing = evidence.missing if table is None else too_little(table)
        if table is None or missing:
            yield Refusal("no-evidence", f"nothing recent to judge it by: {missing}")
            return
        figures["offers"] = len(table)
        yield from judged(table, evidence.rewards, candidate, champion, self.seed, figures)
        if candidate.version != champion.version:
            found = self._earned(candidate, champion, evidence)
            if found is not None:
                yield from earnings(found, figures)

    def _earned(self, candidate: Model, champion: Model, evidence: Evidence) -> Evaluation | None:
        """What it would have earned, beside the champion: on the house's own decisions, rules
        and caps included; on a file by propensity and value alone."""
        choices = Choices(resamples=_RESAMPLES, seed=self.seed)
        if evidence.traffic is not None:
            ours = self.candidates.of_model(_OURS, candidate)
            theirs = self.candidates.of_model(_THEIRS, champion)
            return assess_traffic(evidence.traffic, [ours], [theirs], choices)
        if evidence.file is not None:
            targets = [
                self._target(name, model, evidence.file)
                for name, model in ((_OURS, candidate), (_THEIRS, champion))
            ]
            return assess(evidence.file.log, targets[:1], targets[1:], choices)
        return None

    def _target(self, name: str, model: Model, file: File) -> Target:
        strategy = self.catalogue.strategy
        floor = strategy.floor if strategy.method == "epsilon" else 0.0
        return of_model(file.log, name, model, file.actions, file.values, floor=floor)


def earnings(found: Evaluation, figures: dict[str, float]) -> Iterator[Refusal]:
    """Earning less than the champion; or not shown to earn as much, within `MARGIN`."""
    (policy,), (champion,) = found.policies, found.baselines
    refused = (*policy.overlap.reasons, *champion.overlap.reasons)
    if refused:
        yield Refusal("unproven", f"what it would earn is not known: {refused[0]}")
        return
    gain, least = policy.gains[champion.name], -MARGIN * champion.value.value
    figures["value of a decision"] = policy.value.value
    figures["value of a decision, champion"] = champion.value.value
    if gain.high < 0.0:
        yield Refusal("earns-less", f"a decision earns less than the champion's: {_shown(gain)}")
    elif gain.low < least:
        yield Refusal(
            "unproven",
            f"a decision may earn {-gain.low:.4g} less than the champion's "
            f"({champion.value.value:.4g}); at most {-least:.4g} may be risked. "
            "It takes more decisions, or more exploration, to know",
        )


def _unfit(error: ModelRefused) -> Refusal:
    for kind, reason in _UNFIT:
        if isinstance(error, kind):
            return Refusal(reason, str(error))
    return Refusal("unfit", str(error))


def _shown(interval: Interval) -> str:
    return f"{interval.value:.4g} ({interval.low:.4g} to {interval.high:.4g})"
