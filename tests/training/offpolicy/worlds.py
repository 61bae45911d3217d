"""A world whose every policy's true value is known, and logs drawn from it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.offpolicy.logged import Logged, logged
from training.offpolicy.targets import Target, whole

NAMES = ("fruit", "news", "wine")
KINDS = 8
"""Of customers: few enough to know every value by adding up."""

RATES = np.random.default_rng(11).uniform(0.05, 0.6, (KINDS, len(NAMES)))
LOGGING = np.random.default_rng(12).dirichlet(np.full(len(NAMES), 3.0), KINDS) * 0.7 + 0.1
AIM = np.random.default_rng(13).dirichlet(np.full(len(NAMES), 1.0), KINDS)


class World(NamedTuple):
    log: Logged
    target: Target
    truth: float


def a_world(rows: int, seed: int, aim: NDArray[np.float64] = AIM) -> World:
    """Logged rows of customers of random kinds, a target with `aim`, and its true value."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(KINDS, size=rows)
    actions = (LOGGING[kind].cumsum(axis=1) < rng.random(rows)[:, None]).sum(axis=1)
    log = logged(
        actions=pd.Series(np.array(NAMES)[actions]),
        rewards=pd.Series((rng.random(rows) < RATES[kind, actions]).astype(float)),
        probabilities=pd.Series(LOGGING[kind, actions]),
        contexts=pd.DataFrame({"kind": [f"k{k}" for k in kind]}),
        names=NAMES,
    )
    return World(log, whole("aim", log, aim[kind]), float((aim * RATES).sum(axis=1).mean()))
