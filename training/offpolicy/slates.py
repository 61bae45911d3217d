"""Several slots a decision: a slate's value is the sum of its slots' rewards.

A row is a slot; its probabilities are conditional on the slots before it, as Teller logs
them. What may be assumed of how slots influence each other decides the weights:

- standard: anything. The product over the whole slate.
- cascade: a slot's reward depends on it and those before (McInerney, Brost, Chandar,
  Mehrotra and Carterette, Counterfactual Evaluation of Slate Recommendations with
  Sequential Reward Interactions, KDD 2020). The product up to the slot.
- independent: a slot's reward depends on it alone (Li, Abbasi-Yadkori, Kveton, Muthukrishnan,
  Vinay and Wen, Offline Evaluation of Ranking Policies with Click Models, KDD 2018). The
  slot's own ratio. Exact only where the probabilities do not depend on the slots before.

The pseudo-inverse estimator is left out: it needs the slots' joint marginals, which a log
of conditional probabilities does not hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from engine.errors import Misconfigured
from training.offpolicy.estimators import Terms, mean
from training.offpolicy.logged import Numbers, Vector

Assumption = Literal["standard", "cascade", "independent"]


@dataclass(frozen=True)
class Slates:
    """Rows in order of `slates` (numbered from 0, without gaps) and, within one, of slots."""

    slates: Numbers
    slots: Numbers
    order: Numbers

    @property
    def count(self) -> int:
        return int(self.slates[-1]) + 1

    def sums(self, values: Vector) -> Vector:
        """Of each slate, its rows' values added up; `values` in the slates' order."""
        return np.asarray(np.bincount(self.slates, values, self.count), np.float64)


def slates(decisions: pd.Series[str], slots: pd.Series[float]) -> Slates:
    """The order of rows given each one's decision and slot (1 is the first).

    Raises Misconfigured when a slot is missing or there twice: then nothing is known of
    what the later slots were conditional on.
    """
    whole = np.asarray(slots, np.float64)
    if (bad := decisions.isna().to_numpy() | (whole % 1 != 0)).any():  # no number: not 0 either
        row = int(bad.argmax())
        raise Misconfigured(
            f"row {row + 1}: a slot of a decision has both their numbers, the slot's a whole one, "
            f"but decision {decisions.iloc[row]} has slot {whole[row]:g} ({int(bad.sum())} such "
            "rows)"
        )
    number = pd.factorize(decisions)[0].astype(np.int64)
    position = whole.astype(np.int64)
    order = np.lexsort((position, number))
    number, position = number[order], position[order]
    first = np.concatenate([[True], number[1:] != number[:-1]])
    expected = np.where(first, 1, np.concatenate([[0], position[:-1]]) + 1)
    if (bad := position != expected).any():
        decision = decisions.iloc[order[int(bad.argmax())]]
        raise Misconfigured(
            f"decision {str(decision)!r}: its slots must be 1, 2, 3 … without gaps, "
            f"but {position[bad.argmax()]} stands where {expected[bad.argmax()]} should"
        )
    return Slates(number, position, order)


def weights(table: Slates, ratios: Vector, assumption: Assumption) -> Vector:
    """The weight of each row's reward; `ratios` are target / logged, in the slates' order."""
    if assumption == "independent":
        return ratios
    running = np.empty_like(ratios)
    for slot in range(1, int(table.slots.max()) + 1):
        here = np.flatnonzero(table.slots == slot)
        running[here] = ratios[here] * (running[here - 1] if slot > 1 else 1.0)
    if assumption == "cascade":
        return running
    last = np.append(np.flatnonzero(table.slots[1:] == 1), len(ratios) - 1)
    whole: Vector = running[last][table.slates]
    return whole


def value(table: Slates, ratios: Vector, rewards: Vector, assumption: Assumption) -> Terms:
    """Terms a slate, whose mean is the value of a slate; all in the slates' order."""
    return mean(table.sums(weights(table, ratios, assumption) * rewards))


def self_normalised(table: Slates, ratios: Vector, rewards: Vector) -> Terms:
    """The standard weights, over their sum: nothing assumed, and within the rewards' range."""
    whole = weights(table, ratios, "standard")
    each = whole[table.slots == 1]
    return Terms(table.sums(whole * rewards), each)
