"""What a model would have promised to rows of a table, many at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from engine.domain import Action
from engine.models.base import Model
from engine.models.encoder import Encoder
from engine.models.logistic import LogisticModel
from engine.models.trees import TreesModel
from training.dataset import Examples

Vector = NDArray[np.float64]


def encoder_of(model: Model) -> Encoder | None:
    """What turns facts into the columns of a model that can be asked about columns."""
    if isinstance(model, LogisticModel):
        return model.encoder
    return model.columns.encoder if isinstance(model, TreesModel) else None


def predict(model: Model, table: Examples) -> Vector:
    """Each row's propensity, as the model would serve it."""
    encoder = encoder_of(model)
    if encoder is not None:
        return promised(model, encoder.matrix(table.facts), table.actions)
    actions, codes = numbered(table.actions)
    predictor = model.bind(actions)
    rows = zip(table.facts, codes, strict=True)
    return np.array([predictor.predict(facts).propensities[code] for facts, code in rows])


def promised(model: Model, x: Vector, actions: Sequence[Action]) -> Vector:
    """The same of rows encoded before, (rows, columns of `encoder_of`)."""
    if isinstance(model, TreesModel):
        return model.predict(model.columns.rows(x, actions))
    if not isinstance(model, LogisticModel):
        raise TypeError(f"a {model.kind} model is asked about facts")
    distinct, codes = numbered(actions)
    slopes, intercepts = model.fold(distinct)
    likely: Vector = expit(np.einsum("ij,ij->i", x, slopes[codes]) + intercepts[codes])
    return likely


def numbered(actions: Sequence[Action]) -> tuple[list[Action], NDArray[np.intp]]:
    """The distinct actions by id, and each row's number among them."""
    distinct = sorted(set(actions), key=lambda action: action.id)
    number = {action: i for i, action in enumerate(distinct)}
    return distinct, np.array([number[action] for action in actions], np.intp)
