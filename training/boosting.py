"""Gradient boosting by scikit-learn, translated to trees that serve without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from engine.domain import Action
from engine.models.features import Feature
from engine.models.forest import Packed, pack
from engine.models.trees import Columns, Known, TreesArtefact
from training.answers import yes_and_no
from training.calibration import latest, loss, platt
from training.dataset import Examples
from training.rates import rates, unseen_rates

Vector = NDArray[np.float64]
Node = tuple[int, float, int]

NAMED = 64
"""At most so many actions have a column of their own."""


class Shape(NamedTuple):
    """How a forest is grown: its trees, the leaves of each, and how far each corrects."""

    trees: int
    leaves: int
    step: float


SHAPES = (Shape(200, 6, 0.1), Shape(150, 16, 0.08), Shape(150, 31, 0.06))
"""To choose from. More trees would cost every decision more."""


def fit_boosting(
    training: Examples,
    features: Sequence[Feature],
    *,
    shapes: Sequence[Shape] = SHAPES,
    own: bool = False,
    calibrate: bool = True,
    threads: int = 1,
    seed: int = 0,
) -> tuple[bytes, dict[str, float | bool]]:
    """The artefact of trees fitted to these rows, and what was chosen on the latest of them.

    `shapes` to choose from, with as many of their trees as foresee those rows best. `own`: the
    actions shown most get a column each, so that trees may treat them apart.
    """
    late = latest(training)
    early = training.where(~late)
    known = describe(early, own)
    columns = Columns(features, known)
    x = columns.encoder.matrix(training.facts)
    rows = columns.rows(x, training.actions)
    rows[~late, columns.matches.stop] = unseen_rates(early)
    tried = Parallel(n_jobs=threads, prefer="threads")(
        delayed(_tried)(rows, training.labels, training.weights, late, shape, seed)
        for shape in shapes
    )
    _, shape, grown, margins = min(tried, key=lambda one: one[0])
    line = platt(margins, training, late) if calibrate else None
    if line is None:
        known = describe(training, own)
        columns = Columns(features, known)
        rows = columns.rows(x, training.actions)
        rows[:, columns.matches.stop] = unseen_rates(training)
        grown = grow(rows, training.labels, training.weights, shape, seed)
    packed, baseline = translate(grown, shape.trees)
    artefact = TreesArtefact(tuple(features), known, packed, baseline, *(line or (1.0, 0.0)))
    choices = {**shape._asdict(), "calibrated": line is not None}
    return msgspec.json.encode(artefact), choices


def describe(training: Examples, own: bool) -> Known:
    """What trees may know of an action: its rate, and its kind and group where there are more."""
    actions = set(training.actions)
    kinds, groups = {one.kind for one in actions}, {one.group for one in actions} - {None}
    return Known(
        rates(training),
        tuple(sorted(kinds)) if len(kinds) > 1 else (),
        tuple(sorted(group for group in groups if group)),
        _most_shown(training.actions) if own else (),
    )


def grow(rows: Vector, labels: Vector, weights: Vector, shape: Shape, seed: int) -> Any:
    """scikit-learn's histogram gradient boosting, of so many trees."""
    grown = HistGradientBoostingClassifier(
        max_iter=shape.trees,
        max_leaf_nodes=shape.leaves,
        learning_rate=shape.step,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    known, answers, weights = yes_and_no(labels, weights)
    # One core a fit: several fits at once, each on all cores, would wait for each other.
    with threadpool_limits(1, user_api="openmp"):
        return grown.fit(rows[known], answers, sample_weight=weights)


def translate(grown: Any, trees: int) -> tuple[Packed, float]:
    """The first `trees` of a fitted classifier as the engine packs them, and its baseline."""
    packed = pack([_tree(stage[0].nodes) for stage in grown._predictors[:trees]])
    return packed, float(np.ravel(grown._baseline_prediction)[0])


def _tried(
    rows: Vector,
    labels: Vector,
    weights: Vector,
    late: NDArray[np.bool_],
    shape: Shape,
    seed: int,
) -> tuple[float, Shape, Any, Vector]:
    """Its loss on the latest rows with the best number of trees, and the margins of all rows."""
    grown = grow(rows[~late], labels[~late], weights[~late], shape, seed)
    stages = [np.ravel(stage) for stage in grown.staged_decision_function(rows[late])]
    losses = [loss(expit(stage), labels[late], weights[late]) for stage in stages]
    best = int(np.argmin(losses))
    margins = np.zeros(len(rows))
    margins[late] = stages[best]
    return losses[best], shape._replace(trees=best + 1), grown, margins


def _tree(nodes: Any) -> list[Node]:
    """From the root down, the left child right behind its parent."""
    told: list[Node] = []
    _tell(nodes, 0, told)
    return told


def _tell(nodes: Any, at: int, told: list[Node]) -> None:
    node, here = nodes[at], len(told)
    if node["is_leaf"]:
        told.append((-1, float(node["value"]), 0))
        return
    told.append((0, 0.0, 0))
    _tell(nodes, int(node["left"]), told)
    told[here] = (int(node["feature_idx"]), float(node["num_threshold"]), len(told))
    _tell(nodes, int(node["right"]), told)


def _most_shown(actions: Sequence[Action]) -> tuple[str, ...]:
    ids, times = np.unique([action.id for action in actions], return_counts=True)
    most = ids[np.argsort(-times, kind="stable")[:NAMED]]
    return tuple(sorted(most.tolist()))
