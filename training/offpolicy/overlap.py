"""Does the log know enough of what a policy would do? If not: no number, but the reason.

The rule, on the weights w = target / logged probability of what was logged. Refused when

1. the effective sample size (Σw)² / Σw² (Kish, Survey Sampling, 1965) is below 100 rows
   or below 1% of the log,
2. one row carries more than 5% of all weight,
3. the heaviest hundredth of the rows with any weight carries more than half of it,
4. the mean weight, which must be 1, is more than 5 standard errors from it: the logged
   probabilities are not those it was logged with, or the policy does what never was,
5. the effective number of customers, the same of each one's weights together, is below 30:
   intervals resample customers, and of a handful they are too narrow.
"""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Struct

from engine.magnitude import said
from training.offpolicy.logged import Numbers, Vector

LEAST_ROWS = 100.0
LEAST_SHARE = 0.01
LEAST_CUSTOMERS = 30.0
LARGEST_WEIGHT_SHARE = 0.05
LARGEST_TAIL_SHARE = 0.5
STANDARD_ERRORS = 5.0
_SAME = 1e-9


class Overlap(Struct, frozen=True):
    """How much of the log speaks of the target. `rows_with_weight`: rows it might have made;
    `tail_share`: what the heaviest hundredth of those carries; `reasons`: why it is refused."""

    rows: int
    rows_with_weight: int
    effective_rows: float
    effective_customers: float
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

    @property
    def as_logged(self) -> bool:
        """Is it what was logged? Then the largest weight is 1, and so is the mean."""
        return max(abs(self.largest_weight - 1.0), abs(self.mean_weight - 1.0)) < _SAME


def overlap(weights: Vector, subjects: Numbers) -> Overlap:
    """The diagnosis of weights ≥ 0 of the customers' rows, both of shape (rows,), by the rule
    above."""
    if not weights.any():
        never = "the log never did anything that this policy would do"
        return Overlap(len(weights), 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, (never,))
    # Of choices as good as impossible weights are larger than what can be squared and added up.
    largest = min(float(weights.max()), float(np.finfo(np.float64).max))
    shares = np.minimum(weights, largest) / largest
    heaviest = np.sort(shares[shares > 0])[::-1]
    tail, total = max(1, len(heaviest) // 100), float(shares.sum())
    found = Overlap(
        rows=len(weights),
        rows_with_weight=len(heaviest),
        effective_rows=_effective(shares),
        effective_customers=effective_customers(shares, subjects),
        largest_weight=largest,
        largest_weight_share=1.0 / total,
        tail_share=float(heaviest[:tail].sum()) / total,
        mean_weight=float(shares.mean()) * largest,
        mean_weight_error=float(shares.std(ddof=1)) / len(shares) ** 0.5 * largest
        if len(shares) > 1
        else 0.0,
        reasons=(),
    )
    return msgspec.structs.replace(found, reasons=tuple(_reasons(found)))


def effective_customers(weights: Vector, subjects: Numbers) -> float:
    """How many customers of one weight the rows' weights, not all 0, come to."""
    whose = np.unique(subjects, return_inverse=True)[1]
    return _effective(np.bincount(whose, weights).astype(np.float64))


def too_few(customers: float, of: str = "") -> str | None:
    """What is said of so many effective customers (`of`: a policy's), unless they are enough."""
    if customers >= LEAST_CUSTOMERS:
        return None
    return (
        f"the rows come to only {customers:,.1f} customers{of}; at least {LEAST_CUSTOMERS:.0f} "
        "are needed to say how it would be with others"
    )


def _effective(weights: Vector) -> float:
    """(Σw)² / Σw²: as many of one weight would say as much."""
    return float(weights.sum() ** 2 / (weights @ weights))


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
            f"(weight {_told(found.largest_weight)}); at most {LARGEST_WEIGHT_SHARE:.0%} may"
        )
    if found.tail_share > LARGEST_TAIL_SHARE:
        reasons.append(
            f"the heaviest hundredth of the rows carries {found.tail_share:.0%} of the answer; "
            f"at most {LARGEST_TAIL_SHARE:.0%} may"
        )
    if abs(found.mean_weight - 1) > max(STANDARD_ERRORS * found.mean_weight_error, 1e-6):
        reasons.append(
            f"the mean weight is {_told(found.mean_weight, 3)} and not 1: the selection "
            "probabilities are not those it was logged with, or the policy does what was never "
            "tried"
        )
    if few := too_few(found.effective_customers, " for this policy"):
        reasons.append(few)
    return reasons


def _told(weight: float, digits: int = 0) -> str:
    """A weight in words, however large."""
    return said(weight, f",.{digits}f", ".1e")
