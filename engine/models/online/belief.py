"""What is believed of all actions at a moment: of each by itself, and of what they share."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.models.online.balance import Balance
from engine.models.online.expansion import Vector
from engine.models.online.hindsight import Hindsight
from engine.models.online.recall import Recall
from engine.models.online.shared import Shared

Columns: TypeAlias = NDArray[np.float64]

FRESH = 4.0
"""Prior variance of an action's mean, where none of its answers was nearby."""

LEAST = 1e-3
"""No propensity is lower: what never worked yet may still be tried."""

_BOLDNESS = 1.5
_CERTAIN = 1.4
_PATIENCE = 1.5


class Belief(NamedTuple):
    """Of all actions: `weights` and `variances`, each (actions × expanded columns), how many
    answers each has `seen`, what is recalled of them and known in hindsight; what they share, and
    how much that counts."""

    weights: Vector
    variances: Vector
    seen: NDArray[np.float64]
    recall: Recall
    hindsight: Hindsight
    shared: Shared
    balance: Balance

    def means(self, x: Columns, phi: Vector) -> tuple[Columns, Columns]:
        """Of a row of raw columns and the same expanded, what each action is expected to bring,
        and the share of its answers that were nearby; each (actions,)."""
        alone = self.weights.dot(phi).astype(np.float64)
        corrections, shares = self.recall.about(phi, len(self.weights))
        rest = alone + corrections
        expected = rest + self.hindsight.about(x, rest, alone)
        return self.hindsight.temper.means(expected), shares

    def about(self, x: Columns, phi: Vector) -> tuple[Columns, Columns]:
        """Propensities and how far above them the truth may plausibly be; each (actions,). Who
        counts for nothing is not asked."""
        share = self.balance.shared
        if share <= 0.0:
            return self.apart(x, phi)
        propensities, hopes = self.shared.about(x, phi)
        if share < 1.0:
            own, further = self.apart(x, phi)
            propensities = share * propensities + (1.0 - share) * own
            hopes = share * hopes + (1.0 - share) * further
        return propensities, hopes

    def apart(self, x: Columns, phi: Vector) -> tuple[Columns, Columns]:
        """The same by each action's own answers.

        Midway between the deviation of the weights' mean and that of a mean of the answers
        nearby, times the boldness that did best on the bake-off. It shrinks as the best
        propensity nears one, for there trying others can gain nothing, and where little of what
        was expected came true. A mean below `LEAST` is lifted to it and its hope is left where
        it was.
        """
        means, shares = self.means(x, phi)
        boldness = _BOLDNESS / 2.0 * self.hindsight.temper.slope
        return _hoped(means, shares, self.seen, self.variances, phi, boldness)


@compiled(
    "UniTuple(float64[::1], 2)"
    "(float64[::1], float64[::1], float64[::1], float32[:, ::1], float32[::1], float64)"
)
def _hoped(
    means: Columns, shares: Columns, seen: Columns, variances: Vector, phi: Vector, boldness: float
) -> tuple[Columns, Columns]:
    """See `apart`."""
    best = min(max(means.max(), 0.0), 1.0) if len(means) else 0.0
    boldness *= max(0.0, 1.0 - _CERTAIN * best) ** _PATIENCE
    propensities, hopes = np.empty(len(means)), np.empty(len(means))
    for row in range(len(means)):
        variance = np.float32(0.0)
        for column in range(len(phi)):
            variance += variances[row, column] * phi[column] * phi[column]
        spread = np.sqrt(variance) + 1.0 / np.sqrt(1.0 / FRESH + seen[row] * shares[row])
        capped = min(means[row], 1.0)
        propensities[row] = max(capped, LEAST)
        hopes[row] = max(capped + boldness * spread - propensities[row], 0.0)
    return propensities, hopes
