"""Estimators of a policy's value from another policy's log, as terms whose ratio is the value.

With x the context, a the logged action, r its reward, w = target(a|x) / logged(a|x), and
q a reward model fitted on other rows. What each is due to:

- IPS: Horvitz and Thompson, 1952; Strehl, Langford, Li and Kakade, NeurIPS 2010.
- SNIPS: Swaminathan and Joachims, The Self-Normalized Estimator, NeurIPS 2015.
- DM and DR: Dudík, Langford and Li, Doubly Robust Policy Evaluation and Learning, ICML 2011.
- Switch-DR: Wang, Agarwal and Dudík, Optimal and Adaptive Off-policy Evaluation, ICML 2017.
- DR with optimistic shrinkage: Su, Dimakopoulou, Krishnamurthy and Dudík, ICML 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from training.offpolicy.logged import Vector


class Terms(NamedTuple):
    """What each row adds above and below the line; the estimate is the ratio of the sums."""

    over: Vector
    under: Vector

    @property
    def value(self) -> float:
        """The estimate, in units of reward a decision. NaN when nothing is below the line."""
        below = self.under.sum()
        return float(self.over.sum() / below) if below else float("nan")


@dataclass(frozen=True)
class Evidence:
    """All vectors have a row each. `expected`: Σ target(a|x) q(x, a); `promised`: q(x, a) of
    the logged action."""

    weights: Vector
    rewards: Vector
    expected: Vector
    promised: Vector

    @property
    def residuals(self) -> Vector:
        """What came beyond what the reward model promised."""
        return self.rewards - self.promised


def mean(values: Vector) -> Terms:
    """The plain mean: what was logged, valued as it was."""
    return Terms(values, np.ones(len(values)))


def ips(weights: Vector, rewards: Vector) -> Terms:
    """mean(w r): unbiased where the target's actions all had a chance; wide."""
    return mean(weights * rewards)


def snips(weights: Vector, rewards: Vector) -> Terms:
    """Σ w r / Σ w: a little bias, far less spread, and it never leaves the rewards' range."""
    return Terms(weights * rewards, weights)


def direct(evidence: Evidence) -> Terms:
    """mean Σ target(a|x) q(x, a): as good as the reward model, and no better."""
    return mean(evidence.expected)


def doubly_robust(evidence: Evidence) -> Terms:
    """The direct method, put right by the weighted residuals; unbiased when q or w is."""
    return _corrected(evidence, evidence.weights)


def switch(evidence: Evidence, limit: float) -> Terms:
    """Doubly robust where w ≤ `limit`, the reward model alone beyond."""
    return _corrected(evidence, switched(evidence.weights, limit))


def shrunk(evidence: Evidence, strength: float) -> Terms:
    """Doubly robust with weights λ w / (w² + λ): 0 is the direct method, ∞ doubly robust."""
    return _corrected(evidence, shrunken(evidence.weights, strength))


def switched(weights: Vector, limit: float) -> Vector:
    """The weights up to `limit`; nothing above."""
    return np.where(weights <= limit, weights, 0.0)


def shrunken(weights: Vector, strength: float) -> Vector:
    """λ w / (w² + λ), which peaks at √λ / 2. `strength` is λ ≥ 0."""
    below = weights**2 + strength
    return np.divide(strength * weights, below, out=np.zeros_like(weights), where=below > 0)


def choose(
    evidence: Evidence, lessen: Callable[[Vector, float], Vector], choices: Sequence[float]
) -> float:
    """The limit or λ with the least squared error there may be: variance of the mean, plus the
    square of an upper bound of the bias, mean((w' - w)(r - q)), that the lessened weights w'
    bring in (after Su et al., section 5; the bound is 1.96 standard errors out: with less,
    intervals of lessened estimates miss the truth too often)."""
    errors = []
    for choice in choices:
        lessened = lessen(evidence.weights, choice)
        bias = (lessened - evidence.weights) * evidence.residuals
        most = abs(bias.mean()) + 1.96 * bias.std() / len(bias) ** 0.5
        errors.append(_corrected(evidence, lessened).over.var() / len(bias) + most**2)
    return choices[int(np.argmin(errors))]


def _corrected(evidence: Evidence, weights: Vector) -> Terms:
    return mean(evidence.expected + weights * evidence.residuals)
