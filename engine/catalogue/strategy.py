"""What an action is worth, in arrays over all actions, and how the choice is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.catalogue.conditions import Conditions
from engine.catalogue.faults import Faults, Located
from engine.catalogue.selecting import Names
from engine.catalogue.shape import ActionSpec, ExplorationSpec, Method, StrategySpec
from engine.domain import OUTCOMES, Action
from engine.rules.masks import indices
from engine.rules.scalar import Evaluation
from engine.rules.selecting import Fleet
from engine.rules.times import duration_ms

Vector = NDArray[np.float64]

_TERMS = ("value", "customer_value", "lever")
_POSITIVE = {"click": 0.2, "accept": 1.0, "convert": 1.0}
_WEEK = 7 * 24 * 60 * 60 * 1000
_ONCE = ("attribution", "exploration")
_LARGEST = 1e100  # of what is computed, so that what it is multiplied by leaves it finite
_HEAVIEST = 1e90  # of weights together: 1e6 x 1e100 x 1e100 x this, a thousand times, is finite
_LAST_DOUBLING = 1000  # of a float, or nearly: 2 to that is far above _HEAVIEST, and finite


class Worth(NamedTuple):
    """One entry an action: its value to the company, and what a positive response is worth.

    worth = (company weight × value + customer weight × customer value) × lever. Not a number
    where an expression in it is unknown for this customer.
    """

    values: Vector
    worth: Vector


class ContextWeight(NamedTuple):
    """While condition number `condition` is true, priorities are multiplied by `factors`."""

    condition: int
    factors: Vector


class Expressed(NamedTuple):
    """The terms given by expressions: the actions' numbers, and the numbers of their values."""

    term: int
    actions: NDArray[np.intp]
    values: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Strategy:
    """How priorities are made and choices drawn.

    `terms` has shape (3, n_actions): value, customer value and lever, not a number where
    `expressed` says they are computed. `towering`: the context weights of some action, all at
    once, are more than what they multiply could bear. `contact_cost` by channel and `values` are
    in the catalogue's unit of value; `attribution` in ms; `positive` maps outcomes to rewards.
    """

    company: float
    customer: float
    contact_cost: Mapping[str, float]
    method: Method
    floor: float
    positive: Mapping[str, float]
    attribution: int
    context_weights: tuple[ContextWeight, ...]
    towering: bool
    terms: NDArray[np.float64]
    expressed: tuple[Expressed, ...]
    static: Worth

    def worth(self, evaluation: Evaluation) -> Worth:
        """What each action is worth for this customer, now. Not to be written to."""
        if not self.expressed:
            return self.static
        computed = np.array(evaluation.values, np.float64).clip(-_LARGEST, _LARGEST)
        terms = self.terms.copy()
        for term, actions, values in self.expressed:
            terms[term, actions] = computed[values]
        return _worth(terms, self.company, self.customer)

    def weights(self, evaluation: Evaluation) -> list[Vector]:
        """The factors of the context weights whose condition is true; where these together could
        leave no finite number, the one they come to, within bounds."""
        untrue = {*evaluation.false, *evaluation.unknown}
        factors = [one.factors for one in self.context_weights if one.condition not in untrue]
        return [_product(factors)] if self.towering and _towering(factors) else factors


def compile_strategy(
    written: Sequence[Located[StrategySpec]],
    specs: Sequence[Located[ActionSpec]],
    actions: Sequence[Action],
    names: Names,
    conditions: Conditions,
    faults: Faults,
) -> Strategy:
    """One strategy of all that files say of it; what two files say differently is a fault."""
    _check_once(written, faults)
    company, customer = _weights(written)
    terms, expressed = _terms(specs, conditions, faults)
    weights = tuple(_context_weights(written, actions, names, conditions, faults))
    exploration = next((one.spec.exploration for one in written if one.spec.exploration), None)
    return Strategy(
        company=company,
        customer=customer,
        contact_cost=_contact_cost(written, names, faults),
        method=exploration.method if exploration else "none",
        floor=exploration.floor if exploration else 0.0,
        positive=_positive(written, faults),
        attribution=_attribution(written, faults),
        context_weights=weights,
        towering=_towering([one.factors for one in weights]),
        terms=terms,
        expressed=expressed,
        static=_worth(terms, company, customer),
    )


def _worth(terms: NDArray[np.float64], company: float, customer: float) -> Worth:
    worth = (company * terms[0] + customer * terms[1]) * terms[2]
    worth.flags.writeable = False
    values = terms[0]
    values.flags.writeable = False
    return Worth(values, worth)


def _towering(factors: Sequence[Vector]) -> bool:
    digits = [np.log10(one.clip(min=1.0)) for one in factors]
    return bool(digits) and float(np.sum(digits, axis=0).max(initial=0.0)) > np.log10(_HEAVIEST)


def _product(factors: Sequence[Vector]) -> Vector:
    """What they come to in whatever order, _HEAVIEST at most: powers of two are counted apart."""
    together, doublings = np.frexp(factors[0])
    for one in factors[1:]:
        together, more = np.frexp(together * one)
        doublings = doublings + more
    product: Vector = np.ldexp(together, doublings.clip(max=_LAST_DOUBLING))
    return product.clip(max=_HEAVIEST)


def _check_once(written: Sequence[Located[StrategySpec]], faults: Faults) -> None:
    """Faults for what more than one file gives, and for an exploration that makes no sense."""
    first: dict[tuple[str, ...], str] = {}
    for located in written:
        for path in _given(located.spec):
            if path in first:
                faults.add(
                    located, path, f"`{'.'.join(path)}` is given twice", f"first at {first[path]}"
                )
            else:
                first[path] = located.where
        exploration = located.spec.exploration
        if exploration and not _sensible(exploration):
            faults.add(
                located,
                ("exploration",),
                f"`{exploration.method}` does not go with a `floor` of {exploration.floor:g}",
                "`epsilon` and `igw` need one above zero, such as 0.02, and `none` has none",
            )


def _sensible(exploration: ExplorationSpec) -> bool:
    """Thompson explores by itself, so that its floor may be zero."""
    explores = exploration.floor > 0
    return exploration.method == "thompson" or explores == (exploration.method != "none")


def _given(spec: StrategySpec) -> Iterable[tuple[str, ...]]:
    yield from ((key,) for key in _ONCE if getattr(spec, key) is not None)
    yield from (
        ("weights", key)
        for key in ("company", "customer")
        if getattr(spec.weights, key) is not None
    )
    yield from (("contact_cost", key) for key in spec.contact_cost)
    yield from (("positive", key) for key in spec.positive)


def _weights(written: Sequence[Located[StrategySpec]]) -> tuple[float, float]:
    company, customer = (
        next(
            (weight for one in written if (weight := getattr(one.spec.weights, side)) is not None),
            1.0,
        )
        for side in ("company", "customer")
    )
    return company, customer


def _terms(
    specs: Sequence[Located[ActionSpec]], conditions: Conditions, faults: Faults
) -> tuple[NDArray[np.float64], tuple[Expressed, ...]]:
    terms = np.full((len(_TERMS), len(specs)), np.nan)
    expressed = []
    for row, term in enumerate(_TERMS):
        computed: list[tuple[int, int]] = []
        for i, located in enumerate(specs):
            given = getattr(located.spec, term)
            if not isinstance(given, str):
                terms[row, i] = given
                if term == "lever" and given < 0:
                    faults.add(located, (term,), "`lever` must not be below zero")
                continue
            number = conditions.value(located, (term,), given)
            if number is not None:
                computed.append((i, number))
        if computed:
            who, what = np.array(computed, np.intp).T
            expressed.append(Expressed(row, who, what))
    return terms, tuple(expressed)


def _contact_cost(
    written: Sequence[Located[StrategySpec]], names: Names, faults: Faults
) -> dict[str, float]:
    costs: dict[str, float] = {}
    for located in written:
        for channel, cost in located.spec.contact_cost.items():
            names.check(located, ("contact_cost", channel), "channel", [channel], faults)
            costs[channel] = cost
    return costs


def _positive(written: Sequence[Located[StrategySpec]], faults: Faults) -> dict[str, float]:
    rewards: dict[str, float] = {}
    for located in written:
        for outcome, reward in located.spec.positive.items():
            if outcome not in OUTCOMES:
                faults.unknown(located, ("positive", outcome), "outcome", outcome, OUTCOMES)
            rewards[outcome] = reward
    return rewards or dict(_POSITIVE)


def _attribution(written: Sequence[Located[StrategySpec]], faults: Faults) -> int:
    for located in written:
        if located.spec.attribution is not None:
            try:
                span = duration_ms(located.spec.attribution)
            except ValueError as error:
                faults.add(located, ("attribution",), str(error))
                return _WEEK
            if span <= 0:
                faults.add(located, ("attribution",), "`attribution` must be longer than nothing")
            return span
    return _WEEK


def _context_weights(
    written: Sequence[Located[StrategySpec]],
    actions: Sequence[Action],
    names: Names,
    conditions: Conditions,
    faults: Faults,
) -> Iterable[ContextWeight]:
    fleet = Fleet(actions)
    for located in written:
        for i, spec in enumerate(located.spec.context_weights):
            path = ("context_weights", i)
            number = conditions.condition(located, (*path, "when"), spec.when)
            selector = names.selector(located, path, spec, faults)
            factors = np.ones(len(actions))
            factors[indices(fleet.selected(selector))] = spec.weight
            if number is not None:
                yield ContextWeight(number, factors)
