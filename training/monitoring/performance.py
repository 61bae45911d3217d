"""How well the model did in a stretch of traffic: base rate, calibration and AUC, with intervals.

Variances come from customers, not rows (the linearised, cluster-robust kind; AUC's by
DeLong, DeLong and Clarke-Pearson's components, Biometrics 1988, summed by customer). Of rare
answers a stretch may hold none, and what never varied looks certain: so no error is taken for
smaller than it would be of independent rows, were the rate what it is held against.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from msgspec import Struct
from scipy.stats import norm, rankdata

from training.monitoring.traffic import Numbers, Traffic, Vector
from training.report import Interval

FEWEST_OF_EITHER = 10
"""Answered and unanswered rows that a ranking is told from: of fewer, its error is a guess."""


class Estimate(NamedTuple):
    """A figure and its standard error."""

    value: float
    error: float

    def interval(self, low: float = -np.inf, high: float = np.inf) -> Interval:
        """Its 95% interval, within bounds."""
        reach = float(norm.isf(0.025)) * self.error
        return Interval(self.value, max(self.value - reach, low), min(self.value + reach, high))


class Performance(Struct, frozen=True):
    """Of rows whose answer is known. `answered`: their base rate; `promised`: the mean
    propensity; `calibration`: what was meant by it, less promised; `auc`: None unless there are
    both answers and promises."""

    rows: int
    answered: Interval
    promised: float | None
    calibration: Interval | None
    auc: Interval | None


class Measured(NamedTuple):
    """The same as estimates, for comparing; None where there is too little to tell."""

    rows: int
    rate: Estimate
    promised: float | None
    calibration: Estimate | None
    auc: Estimate | None

    def told(self) -> Performance:
        """As reports have it."""
        return Performance(
            self.rows,
            wilson(self.rate, self.rows),
            self.promised,
            self.calibration and self.calibration.interval(-1.0, 1.0),
            self.auc and self.auc.interval(0.0, 1.0),
        )


def measure(traffic: Traffic) -> Measured | None:
    """The figures of the rows whose answer is known; None where there is none."""
    known = traffic.where(~np.isnan(traffic.answered))
    if not len(known):
        return None
    rate = mean(known.answered, known.subjects)
    predicted = known.where(~np.isnan(known.promised))
    if not len(predicted):
        return Measured(len(known), rate, None, None, None)
    meant = predicted.answered if predicted.meant is None else predicted.meant
    return Measured(
        len(known),
        rate,
        float(predicted.promised.mean()),
        _calibration(meant, predicted.promised, predicted.subjects),
        auc(predicted.answered, predicted.promised, predicted.subjects),
    )


def mean(values: Vector, subjects: Numbers) -> Estimate:
    """A mean over rows, its error over customers."""
    found = float(values.mean())
    return Estimate(found, _error((values - found) / len(values), subjects))


def _calibration(meant: Vector, promised: Vector, subjects: Numbers) -> Estimate:
    """What came less what was promised; its error at least that of promises that are true."""
    value, error = mean(meant - promised, subjects)
    most = float(meant.max()) or 1.0  # of what lies between 0 and m with mean p: at most p (m - p)
    true = np.maximum(promised * (most - promised), 0.0).sum()
    return Estimate(value, max(error, float(np.sqrt(true)) / len(meant)))


def wilson(rate: Estimate, rows: int) -> Interval:
    """A rate's 95% interval (Wilson, JASA 1927), of as many independent rows as its error says."""
    p, error = rate
    count = p * (1 - p) / error**2 if 0 < error < np.inf else float(rows)
    z = float(norm.isf(0.025))
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    reach = z / (1 + z * z / count) * float(np.sqrt(p * (1 - p) / count + (z / (2 * count)) ** 2))
    return Interval(p, max(middle - reach, 0.0), min(middle + reach, 1.0))


def auc(answered: Vector, promised: Vector, subjects: Numbers) -> Estimate | None:
    """The chance that an answered row ranks above an unanswered one, ties half; None unless
    there are at least `FEWEST_OF_EITHER`."""
    positive = answered == 1
    ones, noughts = int(positive.sum()), int((~positive).sum())
    if min(ones, noughts) < FEWEST_OF_EITHER:
        return None
    overall = rankdata(promised)
    within = np.empty(len(promised))
    within[positive], within[~positive] = (
        rankdata(promised[positive]),
        rankdata(promised[~positive]),
    )
    below = overall - within  # of the other answer, ranking below; ties half
    area = float(below[positive].sum() / (ones * noughts))
    # Each row's share of the area: above it for an unanswered one.
    shares = np.where(
        positive,
        (below / noughts - area) / ones,
        ((1.0 - below / ones) - area) / noughts,
    )
    return Estimate(area, _error(shares, subjects))


def differs(before: Estimate, after: Estimate, level: float) -> bool:
    """Is `after` further from `before` than chance takes it that often?"""
    error = float(np.hypot(before.error, after.error))
    return abs(after.value - before.value) > float(norm.isf(level / 2)) * error


def rates_differ(before: Measured, after: Measured, level: float) -> bool:
    """Is the later rate further from the earlier than chance takes it that often, were both
    theirs together?"""
    rows = before.rows + after.rows
    rate = (before.rate.value * before.rows + after.rate.value * after.rows) / rows
    then, now = (_of_rate(one, rate) for one in (before, after))
    return differs(then, now, level)


def _of_rate(measured: Measured, rate: float) -> Estimate:
    """Its rate, and an error no smaller than that of independent rows with this `rate`."""
    value, error = measured.rate
    return Estimate(value, max(error, float(np.sqrt(rate * (1.0 - rate) / measured.rows))))


def falls(before: Estimate, after: Estimate, level: float) -> bool:
    """Is `after` further below `before` than chance takes it that often?"""
    error = float(np.hypot(before.error, after.error))
    return before.value - after.value > float(norm.isf(level)) * error


def _error(influence: Vector, subjects: Numbers) -> float:
    """The standard error of a sum of rows' influences, customers being independent."""
    _, whose = np.unique(subjects, return_inverse=True)
    sums = np.bincount(whose, influence)
    if len(sums) < 2:
        return float("inf")
    return float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)))
