"""What a model rests on: how much worse it foresees when one thing it looks at is shuffled
among the test rows (Breiman, Random Forests, 2001, section 10)."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.models.base import Model
from training.calibration import loss
from training.dataset import Examples
from training.predicting import encoder_of, promised

MOST_ROWS = 10_000
"""Of more test rows the latest are taken."""

SHUFFLES = 5
ACTION = "the action"

Vector = NDArray[np.float64]


class Importance(Struct, frozen=True):
    """`worse`: the mean growth of the log loss (nats a row) when `name` is shuffled; `least`
    and `most`: among five shuffles. Below zero, the model is better off without."""

    name: str
    worse: float
    least: float
    most: float


def importance(model: Model, test: Examples, seed: int) -> tuple[Importance, ...]:
    """Of every feature and of the action itself, most first; empty for a model without features."""
    encoder = encoder_of(model)
    if encoder is None:
        return ()
    some = test.where(np.arange(len(test)) >= len(test) - MOST_ROWS)
    x = encoder.matrix(some.facts)
    rng = np.random.default_rng(seed)

    def lost(rows: Vector, order: NDArray[np.intp] | None = None) -> float:
        actions = some.actions if order is None else [some.actions[i] for i in order.tolist()]
        return loss(promised(model, rows, actions), some.labels, some.weights)

    plain = lost(x)
    shuffles = range(SHUFFLES)
    draws = {ACTION: [lost(x, rng.permutation(len(x))) - plain for _ in shuffles]}
    for name, span in encoder.spans.items():
        draws[name] = [lost(_shuffled(x, span, rng)) - plain for _ in shuffles]
    found = (
        Importance(name, float(np.mean(worse)), min(worse), max(worse))
        for name, worse in draws.items()
    )
    return tuple(sorted(found, key=lambda one: -one.worse))


def _shuffled(x: Vector, span: range, rng: np.random.Generator) -> Vector:
    rows = x.copy()
    rows[:, span] = x[rng.permutation(len(x))][:, span]
    return rows
