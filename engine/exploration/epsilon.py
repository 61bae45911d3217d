"""Epsilon-greedy: mostly the best, now and then any candidate, all alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
        chances = np.empty(len(priorities))
        chances.fill(self.floor / len(priorities))  # np.full takes four times as long
        chances[priorities.argmax()] += 1.0 - self.floor
        return chances
