"""The Open Bandit Pipeline, obp 0.4.1: its small data, and its estimators as published.

`make obp` installs it without what it depends on, which is old; without it these tests are
skipped. Its estimators name torch in annotations only, so an empty module stands in for it.
"""

from __future__ import annotations

import importlib
import sys
import types
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from numpy.typing import NDArray

_spec = find_spec("obp")
HOME = Path(_spec.origin).parent if _spec and _spec.origin else None

needs_obp = pytest.mark.skipif(HOME is None, reason="obp is not installed: make obp")
POSITIONS = 3


def theirs(module: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of obp.ope, without obp's own `__init__`s, which import much that is not here."""
    assert HOME is not None
    torch = types.ModuleType("torch")
    torch.Tensor = type("Tensor", (), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    for name, folder in (("obp", HOME), ("obp.ope", HOME / "ope")):
        package = types.ModuleType(name)
        package.__path__ = [str(folder)]
        monkeypatch.setitem(sys.modules, name, package)
    for name in ("obp.utils", f"obp.ope.{module}"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module(f"obp.ope.{module}")


def open_bandit(policy: str, campaign: str) -> pd.DataFrame:
    """10,000 rows logged by `random` or `bts` (Bernoulli Thompson sampling), in time order."""
    assert HOME is not None
    found = pd.read_csv(HOME / "dataset" / "obd" / policy / campaign / f"{campaign}.csv")
    return found.sort_values("timestamp", kind="stable").reset_index(drop=True)


def thompson(campaign: str, draws: int = 50_000) -> NDArray[np.float64]:
    """The chance of each item at each position under their Thompson policy and its published
    prior, counted over draws as they do; shape (positions, items)."""
    assert HOME is not None
    prior = yaml.safe_load((HOME / "policy" / "conf" / "prior_bts.yaml").read_text())[campaign]
    rng = np.random.default_rng(0)
    drawn = rng.beta(prior["alpha"], prior["beta"], (draws, len(prior["alpha"])))
    best = np.argpartition(-drawn, POSITIONS, axis=1)[:, :POSITIONS]
    order = np.take_along_axis(-drawn, best, axis=1).argsort(axis=1)
    ranked = np.take_along_axis(best, order, axis=1)
    return np.stack([np.bincount(each, minlength=drawn.shape[1]) / draws for each in ranked.T])
