"""What an action is worth, in arrays over all actions, and how the choice is made.

`strategies.py` makes it of what files say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.catalogue.shape import Method
from engine.rules.scalar import Evaluation

Vector = NDArray[np.float64]

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
        return worth_of(terms, self.company, self.customer)

    def weights(self, evaluation: Evaluation) -> list[Vector]:
        """The factors of the context weights whose condition is true; where these together could
        leave no finite number, the one they come to, within bounds."""
        untrue = {*evaluation.false, *evaluation.unknown}
        factors = [one.factors for one in self.context_weights if one.condition not in untrue]
        return [_product(factors)] if self.towering and towering(factors) else factors


def worth_of(terms: NDArray[np.float64], company: float, customer: float) -> Worth:
    """What each action is worth by those terms and weights. Not to be written to."""
    worth = (company * terms[0] + customer * terms[1]) * terms[2]
    worth.flags.writeable = False
    values = terms[0]
    values.flags.writeable = False
    return Worth(values, worth)


def towering(factors: Sequence[Vector]) -> bool:
    """Whether, for some action, they come to more than what they multiply could bear."""
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
