"""What choosing by a model would have earned, beside the same action for everyone.

Off-policy, on the test rows of placements' first slots; refused where the log overlaps too
little with the choices to say anything.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.domain import Action
from engine.models.base import Model
from training.batch.past import Past
from training.offpolicy.assess import Choices, assess
from training.offpolicy.logged import Logged, logged
from training.offpolicy.report import Evaluation
from training.offpolicy.targets import Target, constant, whole
from training.predicting import encoder_of

MOST_ROWS = 20_000
"""Of more test rows the latest are taken."""

BASELINES = 3
"""The same action for everyone: of so many, those that training rows were answered to most."""

Vector = NDArray[np.float64]


def worth(
    training: Past, test: Past, model: Model, popular: Model, *, resamples: int, seed: int
) -> Evaluation | None:
    """By the model's and by popularity's best of what was ever shown at each placement, and the
    same for everyone; None where nobody knows with which chances the log chose."""
    rows = test.where(test.first)
    rows = rows.where(np.arange(len(rows)) >= len(rows) - MOST_ROWS)
    if rows.probabilities is None or not len(rows):
        return None
    shown = _shown(training, rows)
    actions = sorted({one for every in shown.values() for one in every}, key=lambda one: one.id)
    log = _log(rows, model, rows.probabilities, actions)
    allowed = np.array([[one in shown[place] for one in actions] for place in rows.placements])
    asked = [_greedy("the model's best", rows, log, model, actions, allowed)]
    others = [_greedy("the most popular", rows, log, popular, actions, allowed)]
    others += [
        constant(log, id)._replace(name=f"{id} for everyone") for id in _favourites(training, log)
    ]
    return assess(log, asked, others, Choices(resamples=resamples, seed=seed))


def _shown(*parts: Past) -> dict[str, set[Action]]:
    """What was ever shown at each placement."""
    shown: dict[str, set[Action]] = {}
    for past in parts:
        for place, action in zip(past.placements, past.table.actions, strict=True):
            shown.setdefault(place, set()).add(action)
    return shown


def _log(rows: Past, model: Model, chances: Vector, actions: Sequence[Action]) -> Logged:
    encoder = encoder_of(model)
    facts = np.empty((len(rows), 0)) if encoder is None else encoder.matrix(rows.table.facts)
    return logged(
        actions=pd.Series([action.id for action in rows.table.actions]),
        rewards=pd.Series(rows.rewards),
        probabilities=pd.Series(chances),
        contexts=pd.DataFrame(facts).rename(columns=str),
        subjects=pd.Series(rows.table.subjects).astype("str"),
        names=tuple(action.id for action in actions),
    )


def _greedy(
    name: str,
    rows: Past,
    log: Logged,
    model: Model,
    actions: Sequence[Action],
    allowed: NDArray[np.bool_],
) -> Target:
    predictor = model.bind(actions)
    likely = np.stack([predictor.predict(facts).propensities for facts in rows.table.facts])
    best = np.argmax(np.where(allowed, likely, -1.0), axis=1)
    matrix = np.zeros(likely.shape)
    matrix[np.arange(len(matrix)), best] = 1.0
    return whole(name, log, matrix)


def _favourites(training: Past, log: Logged) -> list[str]:
    """The actions of the best mean reward in training, among those shown often enough there."""
    frame = pd.DataFrame(
        {"id": [action.id for action in training.table.actions], "reward": training.rewards}
    )
    told = frame.groupby("id")["reward"].agg(["size", "mean"])
    often = told[told["size"] >= max(30, 0.01 * len(frame))]
    best = often.sort_values("mean", ascending=False, kind="stable").index.tolist()
    return [id for id in best if id in log.names][:BASELINES]
