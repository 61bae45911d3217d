"""What files say of the strategy, made one; what two files say differently is a fault."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.catalogue.conditions import Conditions
from engine.catalogue.faults import Faults, Located
from engine.catalogue.selecting import Names
from engine.catalogue.shape import ActionSpec, ExplorationSpec, StrategySpec
from engine.catalogue.strategy import ContextWeight, Expressed, Strategy, towering, worth_of
from engine.catalogue.written_times import span_of
from engine.domain import OUTCOMES, Action
from engine.rules.masks import indices
from engine.rules.selecting import Fleet

_TERMS = ("value", "customer_value", "lever")
_POSITIVE = {"click": 0.2, "accept": 1.0, "convert": 1.0}
_WEEK = 7 * 24 * 60 * 60 * 1000
_ONCE = ("attribution", "exploration")


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
        towering=towering([one.factors for one in weights]),
        terms=terms,
        expressed=expressed,
        static=worth_of(terms, company, customer),
    )


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
        if exploration and not (located.spoilt("exploration") or _sensible(exploration)):
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
    spans = [span_of(located, "attribution", faults) for located in written]
    return next(filter(None, spans), _WEEK)


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
