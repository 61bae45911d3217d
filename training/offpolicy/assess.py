"""From a log and policies to values: every estimator, intervals, gains over the baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.errors import Misconfigured
from training.offpolicy import slates as slotted
from training.offpolicy.estimators import (
    Evidence,
    Terms,
    choose,
    direct,
    doubly_robust,
    ips,
    mean,
    shrunk,
    shrunken,
    snips,
    switch,
    switched,
)
from training.offpolicy.intervals import betting, bootstrap
from training.offpolicy.logged import Logged, Numbers, Vector
from training.offpolicy.overlap import Overlap, effective_customers, overlap, too_few
from training.offpolicy.report import Bare, Evaluation, Policy
from training.offpolicy.rewards import Kind, promises
from training.offpolicy.slates import Slates
from training.offpolicy.targets import Target
from training.report import Interval, interval


@dataclass(frozen=True)
class Choices:
    """What the data scientist may choose. `reward_range` bounds every possible reward."""

    rewards: Kind = "linear"
    resamples: int = 1000
    seed: int = 0
    reward_range: tuple[float, float] | None = None


class Case(NamedTuple):
    """A policy before resampling: `by` names the terms that speak for it; refused, it has none."""

    name: str
    overlap: Overlap
    by: str
    terms: Mapping[str, Terms]
    direct: float | None
    betting: Interval | None


def assess(
    log: Logged, targets: Sequence[Target], baselines: Sequence[Target], choices: Choices
) -> Evaluation:
    """The value of each target beside the log's own and the baselines', on rows of one slot."""
    known = any(target.matrix is not None for target in (*targets, *baselines))
    q = promises(log, choices.rewards, seed=choices.seed) if known else None
    cases = [_case(log, target, q, choices) for target in (*targets, *baselines)]
    return _summary(mean(log.rewards), log.subjects, cases, len(baselines), choices)


def assess_slates(
    log: Logged,
    table: Slates,
    targets: Sequence[Target],
    choices: Choices,
    baselines: Sequence[Target] = (),
) -> Evaluation:
    """The same for slates: a value is a slate's, the sum of its slots' rewards.

    Raises Misconfigured for a target that is not given by the rows' own probabilities:
    slots are filled without replacement, which constants and the like say nothing of.
    """
    every = (*targets, *baselines)
    if wrong := [target.name for target in every if target.matrix is not None]:
        raise Misconfigured(
            f"{wrong[0]}: with several slots a policy must be a column of its probabilities, "
            "each conditional on the slots before"
        )
    rewards = log.rewards[table.order]
    cases = [_slate_case(log, table, target, rewards) for target in every]
    subjects = log.subjects[table.order][table.slots == 1]
    return _summary(mean(table.sums(rewards)), subjects, cases, len(baselines), choices)


def _case(log: Logged, target: Target, q: Vector | None, choices: Choices) -> Case:
    with np.errstate(over="ignore"):  # endless is a weight, too, and is refused
        weights = target.taken / log.probabilities
    found = overlap(weights, log.subjects)
    if found.refused:
        return Case(target.name, found, "", {}, None, None)
    terms = {"ips": ips(weights, log.rewards), "snips": snips(weights, log.rewards)}
    bet = _betting(log, target, weights, choices.reward_range)
    if target.matrix is None or q is None:
        return Case(target.name, found, "snips", terms, None, bet)
    evidence = Evidence(
        weights,
        log.rewards,
        (target.matrix * q).sum(axis=1),
        q[np.arange(len(log)), log.actions],
    )
    terms |= {
        "doubly robust": doubly_robust(evidence),
        "switch": switch(evidence, choose(evidence, switched, _limits(weights))),
        "shrinkage": shrunk(evidence, choose(evidence, shrunken, _strengths(weights))),
    }
    return Case(target.name, found, "doubly robust", terms, direct(evidence).value, bet)


def _limits(weights: Vector) -> list[float]:
    some = weights[weights > 0]
    return [float(limit) for limit in np.quantile(some, [0.5, 0.8, 0.9, 0.95, 0.99, 1.0])]


def _strengths(weights: Vector) -> list[float]:
    return [float(s) for s in np.geomspace(1.0, 100 * float(weights.max()) ** 2 + 1, 12)]


def _betting(
    log: Logged, target: Target, weights: Vector, bounds: tuple[float, float] | None
) -> Interval | None:
    """Of IPS, where it is entitled to one: rewards bounded, and rows independent.

    The largest weight possible is taken to be that of the rarest logged choice.
    """
    if bounds is None or log.repeated:
        return None
    least, most = bounds
    if not least < most:
        raise Misconfigured(f"reward_range: the least comes first, but {least} is not below {most}")
    if log.rewards.min() < least or log.rewards.max() > most:
        raise Misconfigured(f"reward_range: rewards leave {least} to {most}")
    surest = 1.0 if target.matrix is None else float(target.matrix.max())
    values = weights * (log.rewards - least)
    low, high = betting(values, surest / float(log.probabilities.min()) * (most - least))
    return Interval(float(values.mean()) + least, low + least, min(high + least, most))


def _slate_case(log: Logged, table: Slates, target: Target, rewards: Vector) -> Case:
    ratios = (target.taken / log.probabilities)[table.order]
    whole = slotted.weights(table, ratios, "standard")[table.slots == 1]
    found = overlap(whole, log.subjects[table.order][table.slots == 1])
    if found.refused:
        return Case(target.name, found, "", {}, None, None)
    terms = {
        "cascade": slotted.value(table, ratios, rewards, "cascade"),
        "standard": slotted.value(table, ratios, rewards, "standard"),
        "self-normalised": slotted.self_normalised(table, ratios, rewards),
        "independent": slotted.value(table, ratios, rewards, "independent"),
    }
    return Case(target.name, found, "cascade", terms, None, None)


def _summary(
    logged: Terms, subjects: Numbers, cases: Sequence[Case], baselines: int, choices: Choices
) -> Evaluation:
    every = [logged, *(terms for case in cases for terms in case.terms.values())]
    drawn = bootstrap(every, subjects, choices.resamples, choices.seed)
    columns = iter(range(1, len(every)))
    spread = {(case.name, by): drawn[:, next(columns)] for case in cases for by in case.terms}
    asked = len(cases) - baselines
    seen = _seen(logged, subjects, drawn[:, 0])
    beside = [case for case in cases[asked:] if case.terms]
    against = {
        case.name: (case.terms[case.by].value, spread[case.name, case.by]) for case in beside
    }
    if not isinstance(seen, Bare) and not any(case.overlap.as_logged for case in beside):
        against = {"logged": (logged.value, drawn[:, 0])} | against
    policies = [_policy(case, spread, against) for case in cases]
    return Evaluation(
        rows=len(logged.over),
        customers=len(np.unique(subjects)),
        logged=seen,
        policies=tuple(policies[:asked]),
        baselines=tuple(policies[asked:]),
    )


def _seen(logged: Terms, subjects: Numbers, drawn: Vector) -> Interval | Bare:
    """What was earned, with an interval where there are the customers for one."""
    few = too_few(effective_customers(np.ones(len(subjects)), subjects))
    return Bare(logged.value, few) if few else interval(logged.value, drawn)


def _policy(
    case: Case,
    spread: Mapping[tuple[str, str], Vector],
    against: Mapping[str, tuple[float, Vector]],
) -> Policy:
    """What was logged is no better than itself: a reward model's estimate of it is off the mean by
    the luck of the draws, and in one report in twenty an interval of that misses 0. So no such
    gain is told; and where a baseline is what was logged, gains are over its estimate, which is
    made as theirs are."""
    drawn = {by: spread[case.name, by] for by in case.terms}
    estimates = {by: interval(terms.value, drawn[by]) for by, terms in case.terms.items()}
    gains = {
        other: interval(case.terms[case.by].value - theirs, drawn[case.by] - draws)
        for other, (theirs, draws) in against.items()
        if case.terms and other != case.name and not (other == "logged" and case.overlap.as_logged)
    }
    return Policy(case.name, case.overlap, case.by, estimates, case.direct, case.betting, gains)
