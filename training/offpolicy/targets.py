"""The policies to evaluate, as probabilities of actions given each row's context."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.domain import Action, Facts
from engine.errors import Misconfigured
from engine.exploration import METHODS
from engine.models.base import Model
from engine.models.features import Number
from training.hints import nearest
from training.offpolicy.logged import Logged, Vector
from training.predicting import encoder_of


class Target(NamedTuple):
    """`taken`: the policy's probability of each row's logged action; `matrix`: of every action,
    shape (rows, actions), None where only `taken` is known (then no reward model can help)."""

    name: str
    taken: Vector
    matrix: Vector | None


def whole(name: str, log: Logged, matrix: Vector) -> Target:
    """A policy all of whose probabilities are known. Raises Misconfigured unless every row's
    are in [0, 1] and sum to one."""
    if not (matrix >= 0).all() or not np.allclose(matrix.sum(axis=1), 1.0, atol=1e-6):
        raise Misconfigured(f"{name}: a policy's probabilities are at least 0 and sum to 1")
    return Target(name, matrix[np.arange(len(log)), log.actions], matrix)


def constant(log: Logged, action: str) -> Target:
    """The same action for everyone. Raises Misconfigured for one the log does not name."""
    if action not in log.names:
        raise Misconfigured(f"the log has no action {action!r}; {nearest(action, log.names)}")
    matrix = np.zeros((len(log), len(log.names)))
    matrix[:, log.names.index(action)] = 1.0
    return whole(f"constant:{action}", log, matrix)


def uniform(log: Logged) -> Target:
    """Any action, all alike."""
    return whole("uniform", log, np.full((len(log), len(log.names)), 1 / len(log.names)))


def given(name: str, taken: pd.Series[float]) -> Target:
    """Probabilities of the logged actions, worked out elsewhere."""
    chances = np.asarray(taken, np.float64)
    if not ((chances >= 0) & (chances <= 1)).all():
        raise Misconfigured(f"{name}: a probability is from 0 to 1, and every row needs one")
    return Target(name, chances, None)


def of_model(
    log: Logged,
    name: str,
    model: Model,
    actions: Sequence[Action],
    facts: Sequence[Facts],
    worth: Vector,
    *,
    floor: float,
) -> Target:
    """What a model's propensities times what answers are worth choose, with `floor` of epsilon
    exploration; rules and caps are not applied.

    `actions` are in the order of the log's names, `facts` a row's; `worth` is a row's of each
    action, or the same for all rows.
    """
    predictor = model.bind(actions)
    method = METHODS["epsilon"](floor)
    promised = np.stack([predictor.predict(one).propensities for one in facts])
    return whole(name, log, np.stack([method.probabilities(row) for row in worth * promised]))


def mistaken(model: Model, facts: Sequence[Facts]) -> str | None:
    """A fact that the model was taught as words, and that these rows have as numbers: it would
    know none of them, and choose as if nothing were known."""
    encoder = encoder_of(model)
    for feature in () if encoder is None else encoder.features:
        room, _, name = feature.source.partition(".")
        if room not in ("customer", "context") or isinstance(feature.encoding, Number):
            continue
        told = {type(getattr(one, room).get(name)) for one in facts} - {type(None)}
        taught = {type(word) for word in feature.encoding.values}
        if taught == {str} and told and told <= {int, float, bool}:
            return feature.source
    return None
