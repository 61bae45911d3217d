"""How often each action was answered: the Beta model's responses, counted from rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.domain import Action
from engine.models.beta import STRENGTH, BetaArtefact, BetaModel, Responses
from engine.models.features import FACETS
from engine.models.trees import log_odds
from training.dataset import Examples
from training.predicting import numbered

FOLDS = 5
_SURE = 1e-6

Vector = NDArray[np.float64]


def rates(rows: Examples, strength: float = STRENGTH) -> BetaArtefact:
    """Weighted responses of these rows, by action, group and kind."""
    distinct, codes = numbered(rows.actions)
    offered, positive = _counted(rows, codes, len(distinct))
    return _responses(distinct, offered, positive, strength)


def unseen_rates(rows: Examples, strength: float = STRENGTH) -> Vector:
    """Of each row, the log odds of its action's rate in the other customers' rows, so that no
    row's own answer is among what describes it (five folds by customer)."""
    distinct, codes = numbered(rows.actions)
    found = np.empty(len(rows))
    for fold in range(FOLDS):
        held = rows.subjects % FOLDS == fold
        offered, positive = _counted(rows, codes, len(distinct), ~held)
        model = BetaModel(_responses(distinct, offered, positive, strength), "")
        odds = np.array([log_odds(model.rate(action)) for action in distinct])
        found[held] = odds[codes[held]]
    return found


def _counted(
    rows: Examples, codes: NDArray[np.intp], actions: int, kept: NDArray[np.bool_] | None = None
) -> tuple[Vector, Vector]:
    weights = rows.weights if kept is None else rows.weights * kept
    offered, positive = (
        np.bincount(codes, each, actions).astype(np.float64)
        for each in (weights, weights * rows.labels)
    )
    return offered, positive


def _responses(
    actions: Sequence[Action], offered: Vector, positive: Vector, strength: float
) -> BetaArtefact:
    responses: dict[str, dict[str, Responses]] = {}
    for facet in FACETS:
        sums: dict[str, list[float]] = {}
        for action, times, yes in zip(actions, offered.tolist(), positive.tolist(), strict=True):
            name = getattr(action, facet)
            if name and times:
                so_far = sums.setdefault(name, [0.0, 0.0])
                so_far[0] += times
                so_far[1] += min(yes, times)
        responses[facet] = {name: Responses(*sums[name]) for name in sorted(sums)}
    rate = float(positive.sum() / offered.sum())
    return BetaArtefact(min(max(rate, _SURE), 1.0 - _SURE), strength, **responses)
