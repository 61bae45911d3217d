"""Inverse gap weighting: the further behind the best, the less often tried."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.exploration.posterior import Posterior


@dataclass(frozen=True, slots=True)
class Igw:
    """A rival that lags by the share g of the best priority has 1 / (n + γ·g), the best the rest.

    γ = n (1 / floor − 1), so that `floor` (0 to 1) means what it means everywhere: a candidate
    worth nothing next to the best still has floor / n, and an equal of the best has 1 / n
    (Foster and Rakhlin, Beyond UCB: Optimal and Efficient Contextual Bandits with Regression
    Oracles, 2020).
    """

    floor: float

    def probabilities(
        self,
        priorities: NDArray[np.float64],
        posterior: Posterior | None = None,  # noqa: ARG002 - the gaps say it all
    ) -> NDArray[np.float64]:
        """The chance of each of `priorities` (above zero, shape (n,), n ≥ 1); sums to one."""
        best = priorities.argmax()
        gaps = 1.0 - priorities / priorities[best]
        weights = self.floor + (1.0 - self.floor) * gaps
        shares = np.divide(self.floor, weights, out=np.ones_like(gaps), where=weights > 0.0)
        chances: NDArray[np.float64] = shares / len(priorities)
        chances[best] = 0.0
        chances[best] = 1.0 - chances.sum()
        return chances
