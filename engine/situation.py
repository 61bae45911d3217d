"""The customer and the moment, surveyed once for all the placements of a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.arbitration import Vector, priorities
from engine.catalogue import Catalogue
from engine.domain import Code, Contacts, CustomerState, Facts, Knockout, Value
from engine.exploration import METHODS, Method
from engine.facts import defaults_of, facts_of, impersonal
from engine.models.base import Model, Predictor
from engine.models.beta import UNTRAINED
from engine.plan import DecisionRequest
from engine.rules.contact import ContactCheck
from engine.rules.policy import Policies, standing
from engine.rules.scalar import Evaluation
from engine.rules.selecting import Fleet

PROPENSITY = "propensity"
"""The name of the model that decisions rest on."""

_UNTRIED = METHODS["none"](0.0)


@dataclass(frozen=True, slots=True)
class Live:
    """What decides just now, taken whole: a catalogue and the models bound to its actions.

    `prior` stands in for `predictor` where the customer refused personalisation; `versions`
    are the digests of the models by name. `route`, if any, says what decides a request
    in place of this. `tiers` has each action's, and is None where all are of one; `method` is how
    the catalogue has things tried out.
    """

    catalogue: Catalogue
    predictor: Predictor
    prior: Predictor
    versions: Mapping[str, str]
    route: Callable[[DecisionRequest], Live] | None = None
    everyone: int = field(init=False, repr=False)
    fleet: Fleet = field(init=False, repr=False)
    policies: Policies = field(init=False, repr=False)
    method: Method = field(init=False, repr=False)
    tiers: NDArray[np.int64] | None = field(init=False, repr=False)
    defaults: Mapping[str, Value] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        tiers, strategy = self.catalogue.tiers, self.catalogue.strategy
        derived = {
            "everyone": (1 << len(self.catalogue.actions)) - 1,
            "fleet": Fleet(self.catalogue.actions),
            "policies": self.catalogue.policies,
            "method": METHODS[strategy.method](strategy.floor),
            "tiers": tiers if len(set(tiers.tolist())) > 1 else None,
            "defaults": defaults_of(self.catalogue),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)


def bound(catalogue: Catalogue, model: Model, beside: Iterable[Model] = ()) -> Live:
    """The catalogue with a model of propensities; customers' memory goes as far back as that
    and those `beside` it look."""
    prior = UNTRAINED.bind(catalogue.actions)
    reach = max(catalogue.reach, model.reach, *(one.reach for one in beside))
    return Live(
        replace(catalogue, retention=reach),
        prior if model is UNTRAINED else model.bind(catalogue.actions),
        prior,
        {PROPENSITY: model.version},
    )


class Situation(Struct, frozen=True):
    """All that holds for every placement: who is barred and why, and what each action is worth.

    Vectors have one entry an action; `scales` say how far each priority may plausibly be off,
    where the model can tell. `barred` is in stage order, `standing` the mask of the
    actions it leaves; `check` knows the contacts, those of this request included; `method` is
    how to try things out, on a bot not at all.
    """

    live: Live
    facts: Facts
    evaluation: Evaluation
    barred: Sequence[Knockout]
    standing: int
    check: ContactCheck
    propensities: Vector
    values: Vector
    priority: Vector
    features: tuple[float, ...]
    method: Method
    scales: Vector | None = None

    def unshowable(self, placement_id: str) -> list[Knockout]:
        """The actions whose content there needs an attribute that is not known."""
        placement = self.live.catalogue.placements[placement_id]
        if not placement.needs:
            return []
        missing = {*self.evaluation.false, *self.evaluation.unknown}
        code: Code = "attribute-unknown"
        conditions = self.live.catalogue.conditions
        return [
            Knockout("engagement", code, code, f"Its content needs {conditions[n].text}.", mask)
            for n, mask in placement.needs
            if n in missing
        ]

    def allows(self, action_id: str, placement_id: str) -> bool:
        """May this action be offered there? If so it counts as a contact from here on."""
        placement = self.live.catalogue.placements[placement_id]
        action = self.live.catalogue.index.get(action_id)
        if action is None:
            return False
        barred = [*self.unshowable(placement_id), *self.check.knockouts(placement_id)]
        if not standing(placement.mask & self.standing & 1 << action, barred):
            return False
        self.check.take(action, placement_id)
        return True


def survey(
    request: DecisionRequest, state: CustomerState, live: Live, now: int, contacts: Contacts
) -> Situation:
    """Run the rules and the model over every action, once. `contacts` are those that count."""
    catalogue = live.catalogue
    facts = facts_of(request, state, live.defaults, now)
    evaluation = catalogue.ruleset.evaluate(facts)
    verdict = live.policies.judge(live.everyone, state.consent, evaluation, now)
    predicted = (live.prior if impersonal(request, state) else live.predictor).predict(facts)
    strategy = catalogue.strategy
    values, worth = strategy.worth(evaluation)
    weights = strategy.weights(evaluation)
    cost = strategy.contact_cost.get(request.channel, 0.0)
    scales = predicted.scales
    return Situation(
        live,
        facts,
        evaluation,
        verdict.knockouts,
        verdict.standing,
        catalogue.contact.check(contacts, facts, evaluation),
        predicted.propensities,
        values,
        priorities(predicted.propensities, worth, weights, cost),
        predicted.features,
        _UNTRIED if request.mode == "bot" else live.method,
        None if scales is None else np.abs(priorities(scales, worth, weights, 0.0)),
    )
