"""What answers were worth to the house: what the engine arbitrates, with the reward in place of the
propensity. Answers alone would call a policy worse that sells fewer things, of more worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isfinite, prod

import numpy as np

from engine.catalogue import Catalogue
from engine.codec import unpack
from engine.facts import defaults_of, facts_of
from engine.record import DecisionRecord
from training.offpolicy.logged import Logged
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


def valued(log: Logged, values: Mapping[str, float]) -> Logged:
    """With reward × value for rewards, in a file that knows no rules; `values` by action, or 1."""
    each = np.array([values.get(name, 1.0) for name in log.names])
    return replace(log, rewards=log.rewards * each[log.actions])


def _worth(catalogue: Catalogue) -> Callable[[DecisionRecord, str], float]:
    """What a whole yes to an action was worth at a decision; nothing where that is unknown, for
    then it is not offered."""
    defaults, strategy = defaults_of(catalogue), catalogue.strategy

    def worth(record: DecisionRecord, action: str) -> float:
        place = catalogue.index.get(action)
        if place is None:
            return 0.0
        state = unpack(record.request.customer_id, record.state)
        facts = facts_of(record.request, state, defaults, record.now)
        evaluation = catalogue.ruleset.evaluate(facts)
        weights = (factors[place] for factors in strategy.weights(evaluation))
        found = float(strategy.worth(evaluation).worth[place] * prod(weights))
        return found if isfinite(found) else 0.0

    return worth
