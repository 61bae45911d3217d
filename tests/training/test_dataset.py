"""Facts about the training table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from engine.domain import Facts
from engine.models.encoder import Encoder
from engine.models.features import Feature, Number
from tests.training.worlds import ACTIONS, FEATURES, a_world
from training.dataset import Examples, examples, from_frame, scaled

FRAME = pd.DataFrame(
    {
        "age": [40.0, None, 60.0],
        "plan": ["plus", None, "basic"],
        "likes": [["isa"], [], ["loan", "card"]],
        "page": ["/home", "/pay", None],
        "action": ["isa", "loan", "isa"],
        "label": [True, False, True],
        "at": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]),
        "household": ["h1", "h2", "h1"],
    }
)
BY_ID = {action.id: action for action in ACTIONS}


def table() -> Examples:
    return from_frame(
        FRAME, BY_ID, customer=["age", "plan", "likes"], context=["page"], subject="household"
    )


def test_a_frame_is_read_by_its_columns() -> None:
    made = table()
    assert [action.id for action in made.actions] == ["isa", "loan", "isa"]
    assert made.labels.tolist() == [1.0, 0.0, 1.0]
    assert made.at.tolist() == [1767225600000, 1767312000000, 1767398400000]
    assert made.subjects.tolist() == [0, 1, 0]
    assert made.facts[0].context == {"page": "/home"}
    assert made.facts[2].customer == {"age": 60.0, "plan": "basic", "likes": ["loan", "card"]}


def test_what_a_frame_does_not_know_is_missing_to_the_model() -> None:
    encoder = Encoder(FEATURES)
    nobody = Facts({"likes": []}, {}, table().facts[1].events, "", 0)
    assert encoder.encode(table().facts[1]) == encoder.encode(nobody)


def test_scales_are_those_of_the_known_values() -> None:
    (age,) = scaled([FEATURES[0]], table())
    assert age.encoding == Number(mean=50.0, scale=10.0, missing=50.0, indicator=True)


@pytest.mark.parametrize("value", [None, 7.0, math.nan])
def test_a_number_that_never_varies_keeps_a_scale_of_one(value: float | None) -> None:
    rows = examples(
        customers=[{} if value is None else {"age": value}] * 3,
        actions=ACTIONS[:3],
        labels=[0, 1, 0],
        at=[1, 2, 3],
    )
    (age,) = scaled([Feature("age", "customer.age", Number())], rows)
    assert isinstance(age.encoding, Number)
    assert age.encoding.scale == 1.0


def test_a_split_keeps_every_row_on_its_side_of_the_cut() -> None:
    world = a_world(200)
    cut = int(world.at[120])
    before, after = world.split(cut)
    assert (len(before), len(after)) == (120, 80)
    assert before.at.max() < cut <= after.at.min()


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"labels": [1.5, 0.0]}, "from 0 to 1"),
        ({"labels": [math.nan, 0.0]}, "from 0 to 1"),
        ({"labels": [0.0]}, "columns of"),
        ({"actions": ACTIONS[:1]}, "columns of"),
        ({"weights": [1.0, 0.0]}, "above zero"),
        ({"weights": [1.0, math.inf]}, "above zero"),
        ({"channels": ["web"]}, "shorter|longer"),
    ],
)
def test_columns_that_make_no_table_are_refused(
    columns: dict[str, list[float]], complaint: str
) -> None:
    fine = {"customers": [{}, {}], "actions": ACTIONS[:2], "labels": [0.0, 1.0], "at": [1, 2]}
    with pytest.raises(ValueError, match=complaint):
        examples(**{**fine, **columns})  # type: ignore[arg-type]


def test_an_action_the_house_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError, match="yacht"):
        from_frame(FRAME.assign(action="yacht"), BY_ID, customer=["age"])


def test_the_table_without_subjects_has_a_customer_a_row() -> None:
    made = from_frame(FRAME, BY_ID, customer=["age"])
    assert np.array_equal(made.subjects, [0, 1, 2])
