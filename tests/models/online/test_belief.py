"""How far above what is believed the truth may plausibly be: machine code, held to numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models.online.belief import FRESH, LEAST, _hoped


@given(
    seed=st.integers(0, 2**32), actions=st.integers(0, 20), best=st.sampled_from([0.01, 0.4, 2.0])
)
def test_hope_is_what_the_weights_and_the_answers_nearby_leave_open(
    seed: int, actions: int, best: float
) -> None:
    chance = np.random.default_rng(seed)
    means, shares = chance.uniform(-best, best, actions), chance.random(actions)
    seen, phi = chance.uniform(0.0, 50.0, actions), chance.normal(size=7).astype(np.float32)
    variances = chance.random((actions, 7), np.float32)
    propensities, hopes = _hoped(means, shares, seen, variances, phi, 0.75)
    certain = min(max(means.max(initial=0.0), 0.0), 1.0)
    spreads = np.sqrt(variances.dot(phi**2)) + 1.0 / np.sqrt(1.0 / FRESH + seen * shares)
    bold = 0.75 * max(0.0, 1.0 - 1.4 * certain) ** 1.5
    assert propensities == pytest.approx(means.clip(LEAST, 1.0))
    upper = means.clip(None, 1.0) + bold * spreads
    assert hopes == pytest.approx((upper - propensities).clip(0.0), rel=1e-4, abs=1e-5)
