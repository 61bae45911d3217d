"""Texts put together without Jinja are what Jinja makes of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.catalogue.pieces import Place, joined, pieces_of
from engine.catalogue.sandbox import LONGEST, environment
from engine.catalogue.templates import Looked
from engine.domain import Value

SANDBOX = environment()
WORDS = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=8)
PLACES = st.sampled_from(
    [
        "{{ customer.a }}",
        "{{customer.b|d('you')}}",
        "{{ customer.a | default('') }}",
        "{{- segment.s -}}",
        '{{ table.t | default("\'") }}',
    ]
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just(["x", 1])
)


def looked(values: Mapping[str, Value | None]) -> Looked:
    return Looked(values.__getitem__)


@given(st.lists(st.one_of(WORDS, PLACES), max_size=6).map("".join), VALUES, VALUES)
def test_words_and_places_become_what_jinja_makes_of_them(
    source: str, a: Value | None, b: Value | None
) -> None:
    names = {"customer": looked({"a": a, "b": b}), "segment": looked({"s": a}), "table": looked({})}
    pieces = pieces_of(SANDBOX.parse(source))
    assert pieces is not None
    text = joined(pieces, names)
    if text is None:
        assert a is None
    else:
        assert text == SANDBOX.from_string(SANDBOX.tame(source)).render(names)


@pytest.mark.parametrize(
    "source",
    [
        "{{ customer.a | upper }}",
        "{{ customer.a | default(customer.b) }}",
        "{{ customer.a | default('x', true) }}",
        "{{ customer.a | default(*customer.b) }}",
        "{{ customer.a | default('x', **customer.b) }}",
        "{{ customer.a | default(7) }}",
        "{{ customer['a'] }}",
        "{{ customer.a.b }}",
        "{{ customer.__class__ }}",
        "{{ customer._read }}",
        "{{ now.year }}",
        "{{ 'words' }}",
        "{% if customer.a %}{{ customer.a }}{% endif %}",
        "{% set customer = {'a': 1} %}{{ customer.a }}",
    ],
)
def test_whatever_is_more_than_words_and_places_is_left_to_jinja(source: str) -> None:
    assert pieces_of(SANDBOX.parse(source)) is None


def test_a_missing_value_without_a_default_is_left_to_jinja() -> None:
    assert joined(["for ", Place("customer", "a", None)], {"customer": looked({"a": None})}) is None


def test_a_text_that_gets_too_long_is_left_to_jinja() -> None:
    long = {"customer": looked({"a": "x" * LONGEST})}
    assert joined([Place("customer", "a", None)], long) == "x" * LONGEST
    assert joined([Place("customer", "a", None), "x"], long) is None
