"""What a model is to the rest of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain import Action, Facts

LARGEST = 1e6
"""No number of a model is further from zero, so that no sum of terms can overflow to NaN."""

MOST_COLUMNS = 2_000
"""Wider models cost more memory, an action a row, than an artefact may make a worker spend."""


class Predicted(Struct, frozen=True):
    """A propensity in [0, 1] for every action of the catalogue, by id, and what it rests on.

    `propensities`: contiguous float64, shape (actions,), not to be written to. `features`:
    the numbers the model looked at, as served; empty for a model that looks at no customer.
    `scales`: how far each propensity may plausibly be off (a standard deviation, ≥ 0, shape
    as the propensities); None for a model that cannot tell.
    """

    propensities: NDArray[np.float64]
    features: tuple[float, ...]
    scales: NDArray[np.float64] | None = None


class Predictor(Protocol):
    """A model bound to one catalogue's actions; `version` names the model to replay it by."""

    @property
    def version(self) -> str: ...

    def predict(self, facts: Facts) -> Predicted:
        """Propensities of all the actions it was bound to, in their order; never raises."""
        ...


class Model(Protocol):
    """A trained (or a prior) estimate of propensities, of any set of actions."""

    @property
    def kind(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def reach(self) -> int:
        """How far back, in ms, the windows of its features look: so long must rows be kept."""
        ...

    def bind(self, actions: Sequence[Action]) -> Predictor:
        """Fold the model for these actions; one it never saw starts from its kin:
        its group, else its kind, else the base rate."""
        ...
