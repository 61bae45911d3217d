"""Facts from outside become typed values, or are refused by name."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.catalogue.cells import from_text
from engine.domain import Value
from engine.errors import InvalidRequest
from engine.rules.types import INT
from tests.builders import SCHEMA, catalogue

TYPES = ("bool", "int", "double", "string", "timestamp", "duration", "list<int>", "list<string>")
ONE = catalogue(
    schema={
        **SCHEMA,
        "attributes": {
            **{kind.replace("<", "_").rstrip(">"): {"type": kind} for kind in TYPES},
            "plan": {"type": "string", "enum": ["basic", "plus"]},
            "plans": {"type": "list<string>", "enum": ["basic", "plus"]},
        },
    }
)


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("bool", True, True),
        ("int", -(2**63), -(2**63)),
        ("int", 3.0, 3),
        ("list_int", [1.0], [1]),
        ("double", 3, 3.0),
        ("string", "", ""),
        ("timestamp", "2026-01-31T00:00:00+01:00", 1_769_814_000_000),
        ("duration", "1h30m", 5_400_000),
        ("list_int", [1, 2], [1, 2]),
        ("list_string", [], []),
        ("plan", "plus", "plus"),
        ("plans", ["plus"], ["plus"]),
    ],
)
def test_a_value_of_its_type_is_taken(name: str, raw: object, value: Value) -> None:
    taken = ONE.validate_attributes({name: raw}, "customer")
    assert taken == {name: value}
    assert type(taken[name]) is type(value)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("36", 36),
        ("36.0", 36),
        ("-4.", -4),
        ("1e3", 1000),
        ("9007199254740993.0", 9007199254740993),
        ("36.5", 36.5),
        ("3.0.0", "3.0.0"),
        (".", "."),
    ],
)
def test_a_cell_of_whole_numbers_keeps_every_digit(cell: str, value: object) -> None:
    assert from_text(cell, INT) == value


@pytest.mark.parametrize(
    ("name", "raw", "says"),
    [
        ("bool", 1, "true or false"),
        ("int", 3.5, "whole number"),
        ("int", 1e300, "64 bits"),
        ("int", True, "whole number"),
        ("int", 2**63, "64 bits"),
        ("double", math.nan, "finite"),
        ("double", math.inf, "finite"),
        ("double", 10**400, "finite"),
        ("double", "3", "finite number"),
        ("string", 3, "text"),
        ("string", "é" * 2049, "4096 bytes"),
        ("string", "\ud800", "surrogates"),
        ("timestamp", "2026-01-31", "not a time"),
        ("timestamp", 7, "not a time"),
        ("duration", "soon", "not a duration"),
        ("list_int", [1, "2"], "whole number"),
        ("list_int", [1] * 101, "at most 100"),
        ("list_string", "a", "list<string>"),
        ("plan", "pluss", "did you mean plus?"),
        ("plans", ["gold"], "must be one of basic, plus$"),
        ("string", None, "text"),
        ("plann", "plus", "did you mean plan"),
    ],
)
def test_anything_else_is_refused_with_its_pointer(name: str, raw: Any, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says) as refused:
        ONE.validate_attributes({name: raw}, "customer")
    assert [problem.pointer for problem in refused.value.problems] == [f"/attributes/{name}"]


def test_every_fault_is_named_and_pointers_are_escaped() -> None:
    with pytest.raises(InvalidRequest) as refused:
        ONE.validate_attributes({"a/b": 1, "page": 2}, "context", "/x")
    assert [problem.pointer for problem in refused.value.problems] == ["/x/a~1b", "/x/page"]
