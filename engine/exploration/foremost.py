"""The few that come first; of equals the earlier, which numpy's `argpartition` doesn't promise:
which of them it takes changes with the machine, and a decision must be the same on all (I7)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled


def foremost(numbers: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Where the `most` largest of `numbers` (shape (n,), finite) stand, or all of fewer: the
    largest first."""
    behind = len(numbers) - most
    if behind <= 0:
        return _down_to(numbers, -np.inf, len(numbers))
    ordered = numbers.copy()
    ordered.partition(behind)
    return _down_to(numbers, ordered[behind], most)


@compiled("intp[::1](float64[::1], float64, intp)")
def _down_to(numbers: NDArray[np.float64], edge: float, most: int) -> NDArray[np.intp]:
    """Those above the edge, and as many of those upon it as there is room for; in order."""
    found, room, count = np.empty(most, np.intp), most, 0
    for number in numbers:
        room -= number > edge
    for place in range(len(numbers)):
        level = numbers[place] == edge
        if numbers[place] > edge or (level and room > 0):
            room -= level
            at = count
            while at and numbers[found[at - 1]] < numbers[place]:
                found[at] = found[at - 1]
                at -= 1
            found[at] = place
            count += 1
    return found[:count]
