"""Logged traffic: what was known, what was chosen with which probability, what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import Misconfigured

Vector = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Logged:
    """One choice a row. `contexts` are the facts a reward model may use; `actions` number
    `names`; `probabilities` are the logged selection probabilities, in (0, 1]; `subjects`
    number the customers, whose rows are not independent of each other."""

    contexts: pd.DataFrame
    names: tuple[str, ...]
    actions: Numbers
    rewards: Vector
    probabilities: Vector
    subjects: Numbers

    def __len__(self) -> int:
        return len(self.actions)

    @property
    def repeated(self) -> bool:
        """Has any customer more than one row?"""
        return len(np.unique(self.subjects)) < len(self)


def logged(
    *,
    actions: pd.Series[str],
    rewards: pd.Series[float],
    probabilities: pd.Series[float],
    contexts: pd.DataFrame | None = None,
    subjects: pd.Series[str] | None = None,
    names: tuple[str, ...] = (),
) -> Logged:
    """The log from columns of one length. `names` adds actions that were never chosen.

    Without `subjects` every row is a customer of its own. Raises Misconfigured for a missing
    value, a reward that is not finite and a probability outside (0, 1], naming the row.
    """
    labels = actions.astype("str")
    known = tuple(sorted({*labels[actions.notna()], *names}))
    whose = np.arange(len(actions)) if subjects is None else pd.factorize(subjects)[0]
    reward: Vector = np.asarray(rewards, np.float64)
    probability: Vector = np.asarray(probabilities, np.float64)
    _refuse(actions.isna().to_numpy(), "the action is missing")
    _refuse(~np.isfinite(reward), "the reward is not a finite number")
    _refuse(
        ~((probability > 0) & (probability <= 1)),
        "the selection probability is not above 0 and at most 1; what was chosen had a chance",
    )
    return Logged(
        pd.DataFrame(index=range(len(actions)))
        if contexts is None
        else contexts.reset_index(drop=True),
        known,
        pd.Categorical(labels, categories=list(known)).codes.astype(np.int64),
        reward,
        probability,
        whose.astype(np.int64),
    )


def _refuse(bad: NDArray[np.bool_], what: str) -> None:
    if not len(bad):
        raise Misconfigured("the log has no rows: nothing can be said from it")
    if bad.any():
        raise Misconfigured(f"row {int(bad.argmax()) + 1}: {what} ({int(bad.sum())} such rows)")
