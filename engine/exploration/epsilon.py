"""Epsilon-greedy: mostly the best, now and then any candidate, all alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.exploration.posterior import Posterior


@dataclass(frozen=True, slots=True)
class Epsilon:
    """With probability `floor` (0 to 1) a candidate drawn uniformly, otherwise the best.

    So each of n candidates has floor / n, and the best 1 - floor on top (Sutton and Barto,
    Reinforcement Learning, 2nd ed., section 2.2).
    """

    floor: float

    def probabilities(
        self,
        priorities: NDArray[np.float64],
        posterior: Posterior | None = None,  # noqa: ARG002 - all alike
    ) -> NDArray[np.float64]:
        """The chance of each of `priorities` (shape (n,), n ≥ 1); sums to one."""
        return _shares(priorities, self.floor / len(priorities), 1.0 - self.floor)


@compiled("float64[::1](float64[::1], float64, float64)")
def _shares(priorities: NDArray[np.float64], each: float, more: float) -> NDArray[np.float64]:
    """What each has, and the best more."""
    shares = np.full(len(priorities), each)
    shares[priorities.argmax()] += more
    return shares
