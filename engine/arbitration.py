"""The arbitrated number: what offering an action here and now is worth, to both sides."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.rules.masks import flags_of

Vector = NDArray[np.float64]


def priorities(
    propensities: Vector, worth: Vector, weights: Iterable[Vector], contact_cost: float
) -> Vector:
    """Priority of every action, in the catalogue's unit of value; shape as `propensities`.

    propensity × worth × context weights − contact cost, where worth is
    (company weight × value + customer weight × customer value) × lever.
    Not a number where a value is unknown.
    """
    expected = propensities * worth
    for weight in weights:
        expected *= weight
    return expected - contact_cost


def contenders(
    candidates: int, priority: Vector, tiers: NDArray[np.int64] | None
) -> NDArray[np.intp]:
    """Those of `candidates` (a mask of actions) worth more than silence, of the highest such tier;
    no `tiers` where all actions are of one."""
    running = flags_of(candidates, len(priority))
    running &= priority > 0.0
    worthwhile = running.nonzero()[0]
    if tiers is None or not len(worthwhile):
        return worthwhile
    tier = tiers[worthwhile]
    highest: NDArray[np.intp] = worthwhile[tier == tier.max()]
    return highest
