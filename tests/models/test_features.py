"""Facts about turning facts into numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.domain import Facts
from engine.models.encoder import Encoder
from engine.models.features import Category, Feature, Members, Number
from tests.models.builders import (
    AGE,
    DAY,
    FEATURES,
    PLAN,
    REJECTS,
    SINCE,
    TAGS,
    facts,
    rejections,
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["basic", "plus", "/home", "web"]),
    st.lists(st.sampled_from(["debt", "vip", "calm"]), max_size=3),
    st.lists(st.lists(st.text(max_size=2), max_size=2), max_size=2),
)
PEOPLE = st.builds(
    facts,
    customer=st.dictionaries(st.sampled_from(["age", "spend", "plan", "tags"]), SCALARS),
    context=st.dictionaries(st.just("page"), SCALARS),
    events=st.builds(rejections, st.integers(0, 30), st.integers(0, 30)),
    channel=st.sampled_from(["web", "email", "agent"]),
)


def encode(feature: Feature, who: Facts) -> list[float]:
    return Encoder([feature]).encode(who)


def test_a_number_is_centred_and_scaled() -> None:
    assert encode(AGE, facts({"age": 60})) == [2.0, 0.0]


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, -math.inf, 10**400, "sixty", [60]])
def test_what_is_no_number_is_missing(nothing: object) -> None:
    assert encode(AGE, facts({"age": nothing})) == [0.0, 1.0]  # type: ignore[dict-item]


def test_a_category_tells_listed_from_other_from_unknown() -> None:
    assert encode(PLAN, facts({"plan": "plus"})) == [0.0, 1.0, 0.0]
    assert encode(PLAN, facts({"plan": "fibre"})) == [0.0, 0.0, 1.0]
    assert encode(PLAN, facts()) == [0.0, 0.0, 0.0]


def test_a_list_may_hold_several_members() -> None:
    assert encode(TAGS, facts({"tags": ["vip", "calm", "debt"]})) == [1.0, 1.0]
    assert encode(TAGS, facts()) == [0.0, 0.0]


def test_history_counts_within_its_window() -> None:
    who = facts(events=rejections(1, 3, 30))
    assert encode(REJECTS, who) == [2.0]


def test_days_since_never_is_missing_not_infinite() -> None:
    assert encode(SINCE, facts(events=rejections(5, 20))) == [0.5, 0.0]
    assert encode(SINCE, facts()) == [9.9, 1.0]


@given(st.lists(PEOPLE, max_size=6))
def test_training_and_serving_see_the_same_finite_numbers(people: list[Facts]) -> None:
    encoder = Encoder([*FEATURES, REJECTS, SINCE])
    later = [replace(who, now=who.now + DAY) for who in people]
    rows = [*people, *later, *people]
    matrix = encoder.matrix(rows)
    assert matrix.shape == (len(rows), len(encoder.columns))
    assert np.isfinite(matrix).all()
    for row, who in zip(matrix, rows, strict=True):
        assert row.tolist() == encoder.encode(who)


def test_columns_are_named_after_what_they_hold() -> None:
    assert Encoder([AGE, PLAN]).columns == [
        "age",
        "age?missing",
        "plan=basic",
        "plan=plus",
        "plan=?other",
    ]


@pytest.mark.parametrize(
    ("feature", "complaint"),
    [
        (Feature("x", "custmer.age", Number()), "did you mean 'customer.'"),
        (Feature("x", "customer.", Number()), "no source 'customer.'"),
        (Feature("x", "history.days", Number(), event="reject"), "history.days_since"),
        (Feature("x", "history.count", Number()), "`event` belongs to history"),
        (Feature("x", "customer.age", Number(), event="reject"), "`event` belongs to history"),
        (Feature("x", "customer.age", Number(), within=3), "history sources only"),
        (Feature("x", "history.count", Number(), event="a", where={"day": "1"}), "no filter 'day'"),
        (Feature("x", "history.count", Number(), event="a", within=0), "above zero"),
        (Feature("x", "history.days_since", Number(), event="a", within=5), "for history.count"),
        (Feature("x", "customer.age", Number(scale=0.0)), "scale above zero"),
        (Feature("x", "customer.age", Number(mean=math.nan)), "must be finite"),
        (Feature("x", "customer.age", Number(missing=1e9)), "a million scales"),
        (Feature("x", "customer.plan", Category(("a", "a"))), "listed twice"),
        (Feature("x", "customer.age", Number(), match="id"), "needs a category"),
        (Feature("x", "customer.tags", Members((1, True))), "listed twice"),
    ],
)
def test_a_declaration_without_sense_is_refused_by_name(feature: Feature, complaint: str) -> None:
    with pytest.raises(ValueError, match="feature 'x'") as refused:
        Encoder([feature])
    assert complaint in str(refused.value)


def test_a_feature_declared_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="'age' is declared twice"):
        Encoder([AGE, AGE])
