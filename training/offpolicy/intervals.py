"""How sure: a bootstrap over customers, and a betting interval that needs no large numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import bisect

from training.offpolicy.estimators import Terms
from training.offpolicy.logged import Numbers, Vector
from training.report import LEVEL

CELLS = 4_000_000  # drawn at once: 32 MB


def bootstrap(terms: Sequence[Terms], subjects: Numbers, resamples: int, seed: int) -> Vector:
    """Estimates on as many customers drawn with replacement, shape (resamples, len(terms)).

    All are resampled together, so that differences of columns are paired (Efron and
    Tibshirani, An Introduction to the Bootstrap, chapter 8). Reward models are not fitted
    again: for doubly robust terms that is sound, for the direct method it is not.
    """
    whose = np.unique(subjects, return_inverse=True)[1]
    count = int(whose.max()) + 1
    over = np.stack([np.bincount(whose, term.over, count) for term in terms], axis=1)
    under = np.stack([np.bincount(whose, term.under, count) for term in terms], axis=1)
    rng = np.random.default_rng(seed)
    found = np.empty((resamples, len(terms)))
    batch = max(1, CELLS // count)
    for start in range(0, resamples, batch):
        size = min(batch, resamples - start)
        drawn = rng.integers(count, size=(size, count)) + np.arange(size)[:, None] * count
        times = np.bincount(drawn.ravel(), minlength=size * count).reshape(size, count)
        weights = times.astype(np.float64)
        found[start : start + size] = _ratio(weights @ over, weights @ under)
    return found


def betting(values: Vector, bound: float, level: float = LEVEL) -> tuple[float, float]:
    """A `level` interval of the mean of independent values in [0, `bound`], for any sample size.

    The hedged capital interval of Waudby-Smith and Ramdas, Estimating means of bounded random
    variables by betting (JRSS-B, 2024), section 4, stopped at this sample size: two gamblers
    bet that the mean is above and below m; the values of m that let neither grow rich stay in.
    """
    if values.min() < 0 or values.max() > bound:
        raise ValueError(f"values must lie within 0 and the bound, {bound}")
    share = values / bound
    stakes = _stakes(share, 1 - level)
    low = _lower(share, stakes, 1 - level)
    high = 1.0 - _lower(1.0 - share, stakes, 1 - level)
    return low * bound, high * bound


def _stakes(share: Vector, error: float) -> Vector:
    """What to bet on each value, from those before it alone: √(2 ln(2/α) / (n σ²))."""
    count = np.arange(1, len(share) + 1)
    means = (0.5 + np.cumsum(share)) / (count + 1)
    spread = (0.25 + np.cumsum((share - means) ** 2)) / (count + 1)
    before = np.concatenate([[0.25], spread[:-1]])
    stakes: Vector = np.sqrt(2 * np.log(2 / error) / (len(share) * before))
    return stakes


def _lower(share: Vector, stakes: Vector, error: float) -> float:
    """The greatest m that the gambler on "above m" has grown rich against, at any time."""
    wealth = np.log(2 / error)

    def richest(m: float) -> float:
        bets = np.minimum(stakes, 0.75 / m)
        return float(np.cumsum(np.log1p(bets * (share - m))).max() - wealth)

    edge = 1e-12
    if richest(edge) <= 0:
        return 0.0
    return float(bisect(richest, edge, 1.0, xtol=1e-9))


def _ratio(over: Vector, under: Vector) -> Vector:
    """Nothing below the line says nothing: NaN, not an error."""
    return np.divide(over, under, out=np.full_like(over, np.nan), where=under != 0)
