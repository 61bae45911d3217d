"""Facts about trees: what serves agrees with scikit-learn, and bad ones are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from engine.domain import Action
from engine.errors import ModelRefused
from engine.models.base import Model
from engine.models.checks import check_model
from engine.models.forest import MOST_LEAVES, Forest, pack
from engine.models.kinds import parse_model
from engine.models.trees import Columns, TreesArtefact
from tests.models.builders import facts
from tests.training.worlds import ACTIONS, FEATURES, a_world
from training.boosting import Shape, describe, grow, translate
from training.dataset import scaled
from training.fit import fit_trees
from training.predicting import predict

SHAPE = Shape(40, 31, 0.1)


@cache
def grown() -> tuple[Any, Columns, TreesArtefact, Any]:
    """scikit-learn's classifier, the columns it learnt on, its artefact, and the table."""
    table = a_world(3000)
    features = scaled(FEATURES, table)
    known = describe(table, own=True)
    columns = Columns(features, known)
    rows = columns.rows(columns.encoder.matrix(table.facts), table.actions)
    theirs = grow(rows, table.labels, table.weights, SHAPE, 0)
    packed, baseline = translate(theirs, SHAPE.trees)
    return theirs, columns, TreesArtefact(features, known, packed, baseline), table


def artefact(**changes: Any) -> bytes:
    made = json.loads(msgspec.json.encode(grown()[2]))
    return json.dumps({**made, **changes}).encode()


def model() -> Model:
    return parse_model("trees", artefact())


def test_many_rows_agree_with_scikit_learn_to_nine_digits() -> None:
    theirs, columns, _, table = grown()
    rows = columns.rows(columns.encoder.matrix(table.facts), table.actions)
    ours = predict(model(), table)
    assert np.abs(ours - theirs.predict_proba(rows)[:, 1]).max() < 1e-9
    assert ours.std() > 0.05


def test_all_actions_of_a_decision_agree_with_scikit_learn_to_nine_digits() -> None:
    theirs, columns, _, table = grown()
    strangers = [Action("new", "offer", "credit", None), Action("odd", "service", "none", None)]
    actions = [*ACTIONS, *strangers]
    predictor = model().bind(actions)
    for one in table.facts[:200]:
        predicted = predictor.predict(one)
        x = np.tile(predicted.features, (len(actions), 1))
        expected = theirs.predict_proba(columns.rows(x, actions))[:, 1]
        assert np.abs(predicted.propensities - expected).max() < 1e-9


def test_trees_are_a_model_as_any_other() -> None:
    table = grown()[3]
    check_model(model(), ACTIONS, table.facts[:5])


def test_an_action_never_seen_starts_from_its_kin() -> None:
    columns = grown()[1]
    saving, lending = (Action("new", "offer", group, None) for group in ("savings", "credit"))
    isa, loan, *_ = ACTIONS
    assert columns.described(saving)[0] == pytest.approx(columns.described(isa)[0], abs=0.01)
    assert columns.described(saving)[0] > columns.described(loan)[0]
    rich = facts({"spend": 400.0, "plan": "plus", "likes": []})
    saves, borrows = model().bind([saving, lending]).predict(rich).propensities
    assert saves > 1.5 * borrows


def test_what_was_fitted_serves_and_beats_who_knows_nobody() -> None:
    table = a_world(4000)
    made = fit_trees(
        table, FEATURES, cut=int(np.quantile(table.at, 0.75)), shapes=[SHAPE], resamples=60
    )
    assert made.kind == "trees"
    assert made.report.gain["auc"].low > 0
    assert made.report.gain["log_loss"].value > 0
    check_model(parse_model("trees", made.artefact), ACTIONS, table.facts[:3])


def chain(leaves: int) -> list[tuple[int, float, int]]:
    """A tree that is one long right branch, its leaves numbered from the left."""
    nodes: list[tuple[int, float, int]] = []
    for leaf in range(leaves - 1):
        nodes += [(0, float(leaf), 2 * leaf + 2), (-1, float(leaf), 0)]
    return [*nodes, (-1, float(leaves - 1), 0)]


def test_a_tree_of_the_most_leaves_is_walked_alike_both_ways() -> None:
    forest = Forest(pack([chain(MOST_LEAVES), chain(1), chain(2)]), 1)
    rows = np.arange(-1.0, MOST_LEAVES + 2.0)[:, None]
    splits = forest.splits([0])
    quick = np.array([forest.margins(splits.reachable(row)[None])[0] for row in rows])
    assert quick.tolist() == forest.descend(rows).tolist()
    assert quick.max() == MOST_LEAVES


def packed(*trees: list[tuple[int, float, int]], **parts: bytes) -> bytes:
    """An artefact of these trees instead, its parts replaced."""
    return msgspec.json.encode(replace(grown()[2], trees=replace(pack(trees), **parts)))


LEAF = (-1, 0.0, 0)
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "no JSON": (lambda: b"{", "not an artefact"),
    "another kind": (lambda: artefact(type="teller.logistic.1"), "not an artefact"),
    "a field too many": (lambda: artefact(hook="os.system"), "not an artefact"),
    "a huge number": (lambda: artefact(baseline=1e9), "too large"),
    "impossible rates": (
        lambda: artefact(known={"rates": {"type": "teller.beta.1", "base_rate": 2.0}}),
        "base_rate",
    ),
    "bytes cut off": (lambda: packed(chain(2), numbers=b"123"), "no whole numbers"),
    "too few numbers": (lambda: packed(chain(2), numbers=b""), "other than their 3 nodes"),
    "a column there is not": (lambda: packed([(999, 0.0, 2), LEAF, LEAF]), "a column there is not"),
    "a column below none": (lambda: packed([(-2, 0.0, 2), LEAF, LEAF]), "a column there is not"),
    "no finite worth": (lambda: packed([(-1, float("nan"), 0)]), "out of bounds"),
    "a loop": (lambda: packed([(0, 0.0, 0), LEAF, LEAF]), "behind its parent"),
    "a child elsewhere": (lambda: packed([(0, 0.0, 9), LEAF, LEAF]), "behind its parent"),
    "nodes nothing leads to": (lambda: packed([LEAF, LEAF]), "nothing leads to"),
    "too many leaves": (lambda: packed(chain(MOST_LEAVES + 1)), "more than 64 leaves"),
    "too many trees": (lambda: packed(*[[LEAF]] * 501), "at most 500"),
}


@pytest.mark.parametrize("name", BAD)
def test_trees_unfit_to_serve_are_refused(name: str) -> None:
    made, why = BAD[name]
    with pytest.raises(ModelRefused, match=why):
        parse_model("trees", made())
