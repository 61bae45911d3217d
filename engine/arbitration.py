"""The arbitrated number: what offering an action here and now is worth, to both sides."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled

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
    expected -= contact_cost
    return expected


def contenders(
    candidates: int, priority: Vector, tiers: NDArray[np.int64] | None
) -> NDArray[np.intp]:
    """Those of `candidates` (a mask of actions) worth more than silence, of the highest such tier;
    no `tiers` where all actions are of one."""
    octets = candidates.to_bytes((len(priority) + 7) // 8, "little")
    worthwhile = _worthwhile(np.frombuffer(octets, np.uint8), priority)
    if tiers is None or not len(worthwhile):
        return worthwhile
    tier = tiers[worthwhile]
    highest: NDArray[np.intp] = worthwhile[tier == tier.max()]
    return highest


@compiled("intp[::1](Array(uint8, 1, 'C', readonly=True), float64[::1])")
def _worthwhile(octets: NDArray[np.uint8], priority: Vector) -> NDArray[np.intp]:
    """Those whose bit is set and whose priority is above zero, ascending."""
    found = np.empty(len(priority), np.intp)
    count = 0
    for action in range(len(priority)):
        if octets[action >> 3] >> (action & 7) & 1 and priority[action] > 0.0:
            found[count] = action
            count += 1
    return found[:count]
