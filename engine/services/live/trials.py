"""Run the tests an author wrote beside the rules, through the same decision function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.catalogue.trials import Expected, Trial
from engine.decide import decide
from engine.domain import CustomerState
from engine.plan import Candidate, DecisionRequest, PlacementAsk, Plan
from engine.situation import Live

_DECISION = "0" * 32


def run(trial: Trial, live: Live, now: int) -> list[str]:
    """What did not come out as the trial wishes, a sentence each; empty when it holds.

    `now` (ms) is when it happens, unless the trial says.
    """
    request = DecisionRequest(
        "test",
        trial.channel,
        (PlacementAsk(trial.placement, trial.slots),),
        dict(trial.context),
        dict(trial.overrides),
        "full",
        "preview",
    )
    state = CustomerState("test", 1, attributes=dict(trial.attributes), consent=dict(trial.consent))
    at = now if trial.now is None else trial.now
    return list(_failures(trial, decide(request, state, live, at, _DECISION)))


def _failures(trial: Trial, plan: Plan) -> Iterator[str]:
    filled = plan.placements[0]
    chosen = {action.action for action in filled.actions}
    out = {candidate.action: candidate for candidate in plan.candidates or ()}
    got = f"; it was {', '.join(sorted(chosen)) or 'the fallback'}"
    for action in sorted(trial.expect - chosen):
        yield f"{action} should be offered, but {_why(out.get(action))}{got}"
    for action in sorted(trial.never & chosen):
        yield f"{action} should never be offered, but it was"
    if trial.only is not None and chosen - trial.only:
        yield f"only {', '.join(sorted(trial.only)) or 'nothing'} may be offered{got}"
    if trial.fallback is not None and filled.fallback != trial.fallback:
        yield f"it should {'' if trial.fallback else 'not '}come to the fallback{got}"
    yield from _unreasoned(trial.reasons, out, chosen)


def _unreasoned(
    reasons: Iterable[Expected], out: dict[str, Candidate], chosen: set[str]
) -> Iterator[str]:
    for wish in reasons:
        candidate = out.get(wish.action)
        stage = wish.stage or (candidate and candidate.stage)
        reason = wish.reason or (candidate and candidate.reason)
        if candidate is None or (candidate.stage, candidate.reason) != (stage, reason):
            wanted = " ".join(filter(None, (wish.stage, wish.reason))) or "any reason"
            now = "it was offered" if wish.action in chosen else _why(candidate)
            yield f"{wish.action} should be kept out by {wanted}, but {now}"


def _why(candidate: Candidate | None) -> str:
    if candidate is None:
        return "it has no treatment there"
    return f"{candidate.stage} said {candidate.reason}: {candidate.text}"
