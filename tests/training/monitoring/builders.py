"""Traffic of a made-up world that stands still, unless a test moves it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from training.monitoring.traffic import Traffic

PLANS = ["basic", "plus", "fibre"]


def traffic(
    rows: int = 6000, seed: int = 1, customers: int | None = None, **changed: Any
) -> Traffic:
    """Independent rows, or those of so many customers; what is promised is what is answered."""
    rng = np.random.default_rng(seed)
    whose = np.arange(rows) if customers is None else rng.integers(customers, size=rows)
    people = int(whose.max()) + 1
    spend = rng.gamma(2.0, 60.0, people)[whose]
    plan = np.array(PLANS)[rng.choice(3, people, p=[0.6, 0.3, 0.1])][whose]
    promised = 1 / (1 + np.exp(1.5 - spend / 120))
    whole = Traffic(
        inputs=pd.DataFrame({"spend": spend, "plan": plan}),
        at=np.arange(rows) * 60_000,
        subjects=whose.astype(np.int64),
        actions=np.array(["isa", "loan"])[rng.integers(2, size=rows)],
        promised=promised,
        answered=(rng.random(rows) < promised).astype(np.float64),
        chances=np.where(rng.random(rows) < 0.1, 0.05, 0.95),
        fallback=(rng.random(rows) < 0.02).astype(np.float64),
        known=np.ones(rows, np.bool_),
    )
    return replace(whole, **changed)


def moved(whole: Traffic, share: float = 0.5, **columns: Any) -> Traffic:
    """The same, with columns (functions of the rows) as they are in the last `share` of it."""
    late = slice(int(len(whole) * (1 - share)), len(whole))
    inputs = whole.inputs.copy()
    for name, change in columns.items():
        values = inputs[name].to_numpy(object).copy()
        values[late] = change(values[late])
        inputs[name] = pd.Series(values).infer_objects()
    return replace(whole, inputs=inputs)
