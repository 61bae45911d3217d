"""The few that come first; of equals the earlier, which numpy's `argpartition` doesn't promise:
which of them it takes changes with the machine, and a decision must be the same on all (I7)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled


@compiled("intp[::1](float64[::1], intp)")
def foremost(numbers: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Where the `most` largest of `numbers` (shape (n,), finite) stand, or all of fewer: the
    largest first."""
    most = min(most, len(numbers))
    found, edge, count = np.empty(most, np.intp), np.inf, 0
    for lane in range(most):  # of so many lanes each has one that is no less than the edge
        edge = min(edge, numbers[lane::most].max())
    for place in range(len(numbers)):
        number = numbers[place]
        if number >= edge and (count < most or number > numbers[found[-1]]):
            at = min(count, most - 1)
            while at and numbers[found[at - 1]] < number:
                found[at] = found[at - 1]
                at -= 1
            found[at] = place
            count += 1
    return found[:count]
