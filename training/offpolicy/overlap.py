"""Does the log know enough of what a policy would do? If not: no number, but the reason.

The rule, on the weights w = target / logged probability of what was logged. Refused when

1. the effective sample size (Σw)² / Σw² (Kish, Survey Sampling, 1965) is below 100 rows
   or below 1% of the log,
2. one row carries more than 5% of all weight,
3. the heaviest hundredth of the rows with any weight carries more than half of it,
4. the mean weight, which must be 1, is more than 5 standard errors from it: the logged
   probabilities are not those it was logged with, or the policy does what never was.
"""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Struct

from training.offpolicy.logged import Vector

LEAST_ROWS = 100.0
LEAST_SHARE = 0.01
LARGEST_WEIGHT_SHARE = 0.05
LARGEST_TAIL_SHARE = 0.5
STANDARD_ERRORS = 5.0


class Overlap(Struct, frozen=True):
    """How much of the log speaks of the target. `rows_with_weight`: rows it might have made;
    `tail_share`: what the heaviest hundredth of those carries; `reasons`: why it is refused."""

    rows: int
    rows_with_weight: int
    effective_rows: float
    largest_weight: float
    largest_weight_share: float
    tail_share: float
    mean_weight: float
    mean_weight_error: float
    reasons: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Is the log silent on this policy?"""
        return bool(self.reasons)


def overlap(weights: Vector) -> Overlap:
    """The diagnosis of weights ≥ 0, shape (rows,), by the rule above."""
    total = float(weights.sum())
    if total == 0.0:
        never = "the log never did anything that this policy would do"
        return Overlap(len(weights), 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, (never,))
    heaviest = np.sort(weights[weights > 0])[::-1]
    tail = max(1, len(heaviest) // 100)
    found = Overlap(
        rows=len(weights),
        rows_with_weight=len(heaviest),
        effective_rows=total**2 / float(weights @ weights),
        largest_weight=float(heaviest[0]),
        largest_weight_share=float(heaviest[0]) / total,
        tail_share=float(heaviest[:tail].sum()) / total,
        mean_weight=float(weights.mean()),
        mean_weight_error=float(weights.std(ddof=1)) / len(weights) ** 0.5
        if len(weights) > 1
        else 0.0,
        reasons=(),
    )
    return msgspec.structs.replace(found, reasons=tuple(_reasons(found)))


def _reasons(found: Overlap) -> list[str]:
    reasons = []
    least = max(LEAST_ROWS, LEAST_SHARE * found.rows)
    if found.effective_rows < least:
        reasons.append(
            f"the log's {found.rows:,} rows are worth only {found.effective_rows:,.1f} "
            f"for this policy; at least {least:,.0f} are needed"
        )
    if found.largest_weight_share > LARGEST_WEIGHT_SHARE:
        reasons.append(
            f"one row carries {found.largest_weight_share:.0%} of the answer "
            f"(weight {found.largest_weight:,.0f}); at most {LARGEST_WEIGHT_SHARE:.0%} may"
        )
    if found.tail_share > LARGEST_TAIL_SHARE:
        reasons.append(
            f"the heaviest hundredth of the rows carries {found.tail_share:.0%} of the answer; "
            f"at most {LARGEST_TAIL_SHARE:.0%} may"
        )
    if abs(found.mean_weight - 1) > max(STANDARD_ERRORS * found.mean_weight_error, 1e-6):
        reasons.append(
            f"the mean weight is {found.mean_weight:.3f} and not 1: the selection probabilities "
            "are not those it was logged with, or the policy does what was never tried"
        )
    return reasons
