"""What answers were worth to the house: what the engine arbitrates, with the reward in place of the
propensity. Answers alone would call a policy worse that sells fewer things, of more worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np

from engine.catalogue import Catalogue
from engine.codec import unpack
from engine.domain import Facts
from engine.facts import defaults_of, facts_of
from engine.record import DecisionRecord
from training.offpolicy.logged import Logged, Vector
from training.offpolicy.traffic import Traffic


def arbitrated(traffic: Traffic, catalogue: Catalogue) -> Traffic:
    """With reward × worth × context weights − contact cost for rewards, of everything shown."""
    worth = _worth(catalogue)
    costs = catalogue.strategy.contact_cost
    rewards = {}
    for record in traffic.decisions:
        for filled in record.plan.placements:
            for shown in filled.actions:
                offer = record.decision_id, shown.action
                reward = traffic.rewards.get(offer, 0.0)
                earned = reward * worth(record, shown.action) if reward else 0.0
                rewards[offer] = earned - costs.get(record.request.channel, 0.0)
    return traffic._replace(rewards=rewards)


def valued(log: Logged, worth: Vector) -> Logged:
    """With reward × worth for rewards: a row's of each of the log's names, or the same for all."""
    every = np.broadcast_to(worth, (len(log), len(log.names)))
    return replace(log, rewards=log.rewards * every[np.arange(len(log)), log.actions])


def worths(catalogue: Catalogue) -> Callable[[Facts], Vector]:
    """What a whole yes to each action is worth to whom and when the facts say; nothing where that
    is unknown, for then it is not offered."""
    strategy = catalogue.strategy

    def worth(facts: Facts) -> Vector:
        evaluation = catalogue.ruleset.evaluate(facts)
        found = strategy.worth(evaluation).worth * prod(strategy.weights(evaluation))
        return np.nan_to_num(found, posinf=0.0, neginf=0.0)

    return worth


def _worth(catalogue: Catalogue) -> Callable[[DecisionRecord, str], float]:
    """The same of one action at a decision; nothing of one the catalogue does not have."""
    defaults, each = defaults_of(catalogue), worths(catalogue)

    def worth(record: DecisionRecord, action: str) -> float:
        place = catalogue.index.get(action)
        if place is None:
            return 0.0
        state = unpack(record.request.customer_id, record.state)
        return float(each(facts_of(record.request, state, defaults, record.now))[place])

    return worth
