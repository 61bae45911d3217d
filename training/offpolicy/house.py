"""What candidate policies would have earned on the house's own traffic.

Where every decision filled one slot among few actions, every chance is known and a reward
model helps; otherwise a decision is a slate, and its slots' chances are taken as logged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from engine.codec import unpack
from engine.facts import facts_of
from engine.record import DecisionRecord
from training.offpolicy.assess import Choices, assess, assess_slates
from training.offpolicy.candidates import Candidate
from training.offpolicy.logged import Logged, Vector, logged
from training.offpolicy.recorded import NOTHING, first_chances, target_probabilities
from training.offpolicy.report import Evaluation
from training.offpolicy.slates import slates
from training.offpolicy.targets import Target, given, whole
from training.offpolicy.traffic import Rewards, Traffic

Offer = tuple[str, str]
"""A decision's id and what it showed."""

FEW = 40
"""Of more actions than this a reward model would know too little, and take too long."""


def assess_traffic(
    traffic: Traffic,
    candidates: Sequence[Candidate],
    baselines: Sequence[Candidate],
    choices: Choices,
) -> Evaluation:
    """What a decision earns under each policy, beside what was logged and the baselines."""
    return counting(traffic, candidates, baselines, choices)(traffic.rewards)


def counting(
    traffic: Traffic,
    candidates: Sequence[Candidate],
    baselines: Sequence[Candidate],
    choices: Choices,
) -> Callable[[Rewards], Evaluation]:
    """The same, of whatever is counted as earned: every decision is made again but once."""
    everyone, count = [*candidates, *baselines], len(candidates)
    if all(_single(one, everyone) for one in traffic.decisions):
        chances = {one.name: _chances(traffic, one) for one in everyone}
        log, offers = _single_log(traffic, chances)
        if len(log.names) <= FEW:
            targets = [_target(log, one.name, chances[one.name]) for one in everyone]
            return lambda rewards: assess(
                _earning(log, offers, rewards), targets[:count], targets[count:], choices
            )
    log, offers = _slate_log(traffic)
    table = slates(log.contexts["decision"], log.contexts["slot"])
    targets = [given(one.name, pd.Series(_targets(traffic, one))) for one in everyone]
    return lambda rewards: assess_slates(
        _earning(log, offers, rewards), table, targets[:count], choices, targets[count:]
    )


def _earning(log: Logged, offers: Sequence[Offer], rewards: Rewards) -> Logged:
    return replace(log, rewards=np.array([rewards.get(offer, 0.0) for offer in offers]))


def _single(record: DecisionRecord, candidates: Sequence[Candidate]) -> bool:
    """Whether there was one slot to fill, and would have been for every candidate."""
    first, *others = record.request.placements
    if others or len(record.plan.placements[0].actions) > 1:
        return False
    known = [one.decides(record).catalogue.placements.get(first.id) for one in candidates]
    return first.slots == 1 or all(place is not None and place.slots == 1 for place in known)


def _chances(traffic: Traffic, candidate: Candidate) -> list[dict[str, float]]:
    return [first_chances(one, candidate.decides(one)) for one in traffic.decisions]


def _single_log(
    traffic: Traffic, chances: Mapping[str, list[dict[str, float]]]
) -> tuple[Logged, list[Offer]]:
    """A row a decision, with the facts that a reward model may use; nothing is earned yet."""
    shown = [_shown(one) for one in traffic.decisions]
    ids = [one.decision_id for one in traffic.decisions]
    names = {name for rows in chances.values() for row in rows for name in row}
    log = logged(
        actions=pd.Series([action for action, _ in shown], dtype=object),
        rewards=pd.Series(np.zeros(len(shown))),
        probabilities=pd.Series([chance for _, chance in shown], dtype=float),
        contexts=_contexts(traffic),
        subjects=pd.Series([one.request.customer_id for one in traffic.decisions], dtype=object),
        names=tuple(sorted(names)),
    )
    return log, [(id, action) for id, (action, _) in zip(ids, shown, strict=True)]


def _shown(record: DecisionRecord) -> tuple[str, float]:
    actions = record.plan.placements[0].actions
    if not actions:
        return NOTHING, 1.0
    return actions[0].action, actions[0].selection_probability


def _target(log: Logged, name: str, chances: Sequence[Mapping[str, float]]) -> Target:
    matrix = np.zeros((len(log), len(log.names)))
    numbers = {action: number for number, action in enumerate(log.names)}
    for row, known in enumerate(chances):
        for action, chance in known.items():
            matrix[row, numbers[action]] = chance
    return whole(name, log, matrix)


def _contexts(traffic: Traffic) -> pd.DataFrame:
    """What was known before the choice: plain attributes and facts of the moment. Those that are
    lists, or that nearly every row has another of, tell a reward model nothing."""
    rows = [_facts(one) for one in traffic.decisions]
    frame = pd.DataFrame(rows).dropna(axis=1, how="all")
    kept = [
        name
        for name in frame
        if pd.api.types.is_numeric_dtype(frame[name]) or frame[name].nunique() <= FEW
    ]
    return frame[kept]


def _facts(record: DecisionRecord) -> dict[str, object]:
    state = unpack(record.request.customer_id, record.state)
    facts = facts_of(record.request, state, {}, record.now)
    plain = {**facts.customer, **{f"context.{name}": x for name, x in facts.context.items()}}
    return {
        "channel": facts.channel,
        **{name: value for name, value in plain.items() if not isinstance(value, list)},
    }


def _slots(record: DecisionRecord) -> Iterator[tuple[str, str, float]]:
    """Placement, action and logged chance of what was shown; after each placement, nothing."""
    for filled in record.plan.placements:
        for chosen in filled.actions:
            yield filled.id, chosen.action, chosen.selection_probability
        yield filled.id, NOTHING, 1.0


def _slate_log(traffic: Traffic) -> tuple[Logged, list[Offer]]:
    """A row a slot; nothing is earned yet."""
    rows = [
        (one.decision_id, one.request.customer_id, slot, action, chance)
        for one in traffic.decisions
        for slot, (_, action, chance) in enumerate(_slots(one), start=1)
    ]
    frame = pd.DataFrame(rows, columns=["decision", "customer", "slot", "action", "chance"])
    log = logged(
        actions=frame["action"],
        rewards=pd.Series(np.zeros(len(frame))),
        probabilities=frame["chance"],
        contexts=frame[["decision", "slot"]],
        subjects=frame["customer"],
    )
    return log, [(id, action) for id, _, _, action, _ in rows]


def _targets(traffic: Traffic, candidate: Candidate) -> Vector:
    """The candidate's chance of each slot; of ending a placement where it ended, 1 unless told."""
    found: list[float] = []
    for one in traffic.decisions:
        told = target_probabilities(one, candidate.decides(one))
        places: Counter[str] = Counter()
        known: dict[tuple[str, int], float] = {}
        for row in told:
            known[row.placement, places[row.placement]] = row.target
            places[row.placement] += 1
        places.clear()
        for placement, _, _ in _slots(one):
            found.append(known.get((placement, places[placement]), 1.0))
            places[placement] += 1
    return np.array(found, np.float64)
