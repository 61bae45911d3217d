"""Choosing other than the greedy best, on purpose, with the exact probability of each choice.

A method turns the priorities of the actions that may be offered into a distribution over
them; a draw derived from the decision's id picks one. A method is a file of its own. It is
given only candidates that passed every gate, so exploring can never pass one (I3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.exploration.epsilon import Epsilon
from engine.exploration.foremost import foremost
from engine.exploration.greedy import Greedy
from engine.exploration.igw import Igw
from engine.exploration.posterior import Posterior
from engine.exploration.thompson import Thompson

__all__ = ["METHODS", "Method", "Posterior", "foremost", "pick"]

Method = Greedy | Epsilon | Igw | Thompson
METHODS: Mapping[str, Callable[[float], Method]] = {
    "none": lambda _floor: Greedy(),
    "epsilon": Epsilon,
    "igw": Igw,
    "thompson": Thompson,
}


@compiled("intp(float64[::1], float64)")
def pick(probabilities: NDArray[np.float64], draw: float) -> int:
    """The index a draw in [0, 1) falls on: the inverse of the cumulative distribution."""
    last, below = len(probabilities) - 1, 0.0
    for place in range(last):
        below += probabilities[place]
        if draw < below:
            return place
    return last
