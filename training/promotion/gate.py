"""The gate: everything that is asked of a version before it serves, in one place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from engine.catalogue import Catalogue
from engine.errors import ModelRefused, ModelTooLarge, ModelUnsigned, WrongLibrary
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.models.routing import Alias
from engine.registry import Registry
from training.offpolicy.assess import Choices
from training.offpolicy.candidates import Candidate, Candidates
from training.offpolicy.house import assess_traffic
from training.offpolicy.traffic import Traffic
from training.promotion.evidence import Evidence, samples
from training.promotion.judgement import judged, too_little
from training.promotion.schema import misfits
from training.promotion.soundness import Clock, slowness, too_slow, unsound
from training.promotion.verdict import Reason, Refusal, Verdict, verdict
from training.report import Interval

MARGIN = 0.1
"""What may be lost by bad luck: a tenth of what the champion earns."""

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
        champion = self.champion()
        figures: dict[str, float] = {}
        found = list(self._technical(candidate, digest, evidence, figures))
        if alias != "shadow" and not any(one.reason == "unsound" for one in found):
            found += self._judged(candidate, champion, evidence, figures)
        against = f"champion {champion.version}"
        return verdict(self.name, digest, against, found, figures, acknowledged)

    def champion(self) -> Model:
        """What serves now; the prior where nothing does."""
        digest = self.registry.table(self.name).routing().champion
        return UNTRAINED if digest is None else self.registry.load(self.name, digest)

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
        yield from judged(table, candidate, champion, self.seed, figures)
        if evidence.traffic is not None and candidate.version != champion.version:
            yield from self._earned(candidate, champion, evidence.traffic, figures)

    def _earned(
        self, candidate: Model, champion: Model, traffic: Traffic, figures: dict[str, float]
    ) -> Iterator[Refusal]:
        """What it would have earned on the house's own decisions, rules and caps included."""
        ours = self.candidates.of_model("candidate", candidate)
        theirs = self.candidates.of_model("champion", champion)
        yield from earnings(traffic, ours, theirs, self.seed, figures)


def earnings(
    traffic: Traffic, ours: Candidate, theirs: Candidate, seed: int, figures: dict[str, float]
) -> Iterator[Refusal]:
    """Earning less than the champion; or not shown to earn as much, within `MARGIN`."""
    found = assess_traffic(traffic, [ours], [theirs], Choices(resamples=400, seed=seed))
    policy, champion = found.policies[0], found.baselines[0]
    refused: Sequence[str] = (*policy.overlap.reasons, *champion.overlap.reasons)
    if refused:
        yield Refusal("unproven", f"what it would earn is not known: {refused[0]}")
        return
    gain, least = policy.gains[theirs.name], -MARGIN * champion.value.value
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
