"""No exploration: the highest priority, always."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.exploration.posterior import Posterior


@dataclass(frozen=True, slots=True)
class Greedy:
    """All probability on the first of the highest priorities."""

    def probabilities(
        self,
        priorities: NDArray[np.float64],
        posterior: Posterior | None = None,  # noqa: ARG002 - the best is the best
    ) -> NDArray[np.float64]:
        """One for the best of `priorities` (shape (n,), n ≥ 1), zero for the others."""
        chances = np.zeros(len(priorities))
        chances[priorities.argmax()] = 1.0
        return chances
