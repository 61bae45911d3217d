"""What a candidate would have earned beside the champion, and what the gate says to it."""

from __future__ import annotations

from collections.abc import Iterator

from engine.catalogue import Catalogue
from engine.models.verdict import Refusal
from training.figures import Decimals
from training.offpolicy.assess import Choices, assess
from training.offpolicy.house import assess_traffic
from training.offpolicy.report import Evaluation
from training.offpolicy.targets import Target, of_model
from training.offpolicy.worth import arbitrated, valued
from training.promotion.contender import Contender
from training.promotion.evidence import Evidence, File

MARGIN = 0.1
"""What may be lost by bad luck: a tenth of what the champion earns."""

_OURS, _THEIRS = "candidate", "champion"
_RESAMPLES = 400

_UNTOLD = Refusal(
    "unproven",
    "what it would earn is not known: there is no decision that could be made again, with the "
    "chance of what was shown",
)


def earned(
    candidate: Contender, champion: Contender, evidence: Evidence, catalogue: Catalogue, seed: int
) -> Evaluation | None:
    """What the candidate would have earned, beside the champion, in worth: on the house's own
    decisions, rules and caps included; on a file by propensity and worth alone. None where no
    decision can be made again."""
    choices = Choices(resamples=_RESAMPLES, seed=seed)
    both = ((_OURS, candidate), (_THEIRS, champion))
    if evidence.traffic is not None:
        ours, theirs = (one.candidate(name, catalogue) for name, one in both)
        traffic = arbitrated(evidence.traffic, catalogue)
        return assess_traffic(traffic, [ours], [theirs], choices)
    if evidence.file is not None:
        file = evidence.file
        targets = [_target(name, one, file, catalogue) for name, one in both]
        return assess(valued(file.log, file.worth), targets[:1], targets[1:], choices)
    return None


def earnings(found: Evaluation | None, figures: dict[str, float]) -> Iterator[Refusal]:
    """Earning less than the champion; or not shown to earn as much, within `MARGIN`."""
    if found is None:
        yield _UNTOLD
        return
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
            "risked. It takes more decisions, or more exploration, to know",
        )


def _target(name: str, contender: Contender, file: File, catalogue: Catalogue) -> Target:
    strategy = catalogue.strategy
    floor = strategy.floor if strategy.method == "epsilon" else 0.0
    model = contender.load(contender.latest)
    return of_model(file.log, name, model, file.actions, file.facts, file.worth, floor=floor)
