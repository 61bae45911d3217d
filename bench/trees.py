"""What a model of trees costs a decision, beside a plain logistic one of the same features."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec

from bench.figures import Figure, against
from engine.models.base import Predictor
from engine.models.kinds import parse_model
from engine.models.trees import Columns, TreesArtefact
from training.batch.pace import FEATURES, a_house
from training.boosting import Shape, describe, grow, translate
from training.dataset import Examples
from training.fit import fit_logistic

ROWS = 20_000
SHAPE = Shape(100, 31, 0.1)
TURNS = 400


def measure() -> Iterator[Figure]:
    """Propensities of all actions for one customer, features included, in µs: 100 trees of 31
    leaves; the floor is a logistic model."""
    for count in (100, 1_000, 10_000):
        table = a_house(ROWS, count).table
        actions = sorted(set(table.actions), key=lambda one: one.id)
        cut = int(table.at[ROWS // 2])
        plain = fit_logistic(table, FEATURES, cut=cut, strengths=[0.1], resamples=20).artefact
        floor = _took(parse_model("logistic", plain).bind(actions), table)
        trees = _took(parse_model("trees", _trees(table)).bind(actions), table)
        yield against(
            f"trees, {len(actions):,} actions", list(zip(trees, floor, strict=True)), "µs"
        )


def _trees(table: Examples) -> bytes:
    known = describe(table, own=False)
    columns = Columns(FEATURES, known)
    rows = columns.rows(columns.encoder.matrix(table.facts), table.actions)
    packed, baseline = translate(grow(rows, table.labels, table.weights, SHAPE, 0), SHAPE.trees)
    return msgspec.json.encode(TreesArtefact(FEATURES, known, packed, baseline))


def _took(predictor: Predictor, table: Examples) -> list[float]:
    samples = []
    for facts in table.facts[:TURNS]:
        started = time.perf_counter()
        predictor.predict(facts)
        samples.append((time.perf_counter() - started) * 1e6)
    return samples
