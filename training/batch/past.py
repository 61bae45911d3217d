"""What a model is trained on, wherever it comes from: a house's archive, or a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.catalogue import Catalogue
from training.dataset import Examples, Mask
from training.experience import read_experience

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Past:
    """One action shown a row. `rewards`: as told, where the table has 1 at most.
    `probabilities`: of being chosen, None where nobody knows. `placements`: "" where nobody
    knows. `first`: was it the first slot of its placement?"""

    table: Examples
    rewards: Vector
    probabilities: Vector | None
    placements: Sequence[str]
    first: Mask

    def __len__(self) -> int:
        return len(self.table)

    def where(self, mask: Mask) -> Past:
        """The rows a boolean mask keeps."""
        chances = self.probabilities
        return Past(
            self.table.where(mask),
            self.rewards[mask],
            None if chances is None else chances[mask],
            [self.placements[i] for i in np.flatnonzero(mask).tolist()],
            self.first[mask],
        )

    def weighted(self, clip: float) -> Past:
        """Each row counting 1 / its chance, at most `clip`, on average 1: so that what the policy
        seldom tried weighs as if all had been tried alike. As it was where no chance is known."""
        if self.probabilities is None:
            return self
        weights = np.minimum(1.0 / self.probabilities, clip)
        return replace(self, table=replace(self.table, weights=weights / weights.mean()))


def from_archive(
    data: Path, catalogue: Catalogue, *, now: int, since: date | None, until: date | None
) -> Past:
    """What was decided and answered in a house, see `read_experience`. Raises NotFound."""
    seen = read_experience(data, catalogue, now=now, since=since, until=until)
    return Past(seen.table, seen.table.labels, seen.probabilities, seen.placements, seen.slots == 1)
