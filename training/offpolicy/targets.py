"""The policies to evaluate, as probabilities of actions given each row's context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.domain import Action, Events, Facts, Value
from engine.errors import Misconfigured
from engine.exploration import METHODS
from engine.models.base import Model
from training.offpolicy.logged import Logged, Vector


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
        near = get_close_matches(action, log.names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(log.names[:10])}"
        raise Misconfigured(f"the log has no action {action!r}; {hint}")
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
    values: Mapping[str, float],
    *,
    floor: float,
) -> Target:
    """What a model's propensities times values choose, with `floor` of epsilon exploration.

    `actions` are in the order of the log's names. A context column is to the model both
    `customer.<column>` and `context.<column>`. Rules, caps and levers are not applied.
    """
    scorer = model.bind(actions)
    worth = np.array([values.get(action.id, 1.0) for action in actions])
    method = METHODS["epsilon"](floor)
    rows = [
        method.probabilities(worth * scorer.score(Facts(row, row, Events(), "", 0)).propensities)
        for row in plain_rows(log.contexts)
    ]
    return whole(name, log, np.stack(rows))


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Value]]:
    """Rows as what a model may be told; what is missing is not there."""
    return [
        {str(name): value for name, value in row.items() if not pd.isna(value)}
        for row in frame.to_dict("records")
    ]
