"""What a method may know of how sure the model is, and of the decision it draws for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Posterior(NamedTuple):
    """`scales`: how far, in units of priority, each candidate's priority may plausibly be off
    (a standard deviation, shape as the priorities, ≥ 0). `key`: what draws derive from, a
    decision's slot, so that replay draws the same.
    """

    scales: NDArray[np.float64]
    key: str
