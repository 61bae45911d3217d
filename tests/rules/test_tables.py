"""Facts about decision tables."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain import Events, Facts
from engine.rules.language import DOUBLE, INT, STRING, TIMESTAMP, Attribute, Scope, list_of
from engine.rules.scalar import Definition, compile_rules
from engine.rules.table_checker import TableFaults, check_table

SCOPE = Scope(
    customer={
        "spend": Attribute(DOUBLE),
        "months": Attribute(INT),
        "plan": Attribute(STRING, ("basic", "fibre")),
        "joined": Attribute(TIMESTAMP),
        "tags": Attribute(list_of(STRING)),
    },
    tables={"tier": STRING},
)
ROWS = [[">= 1000", "gold"], [">= 200", "silver"], ["-", "basic"]]


def result(hit, inputs, rows, output="string", **customer):
    table = check_table(hit, inputs, output, rows, SCOPE)
    ruleset = compile_rules([Definition("table", "tier", table)], [], [], SCOPE, {})
    return ruleset.evaluate(Facts(customer, {}, Events(), "web", 0)).tables["tier"]


@pytest.mark.parametrize(
    ("spend", "tier"), [(1500.0, "gold"), (1000.0, "gold"), (999.0, "silver"), (1.0, "basic")]
)
def test_the_first_row_that_matches_decides(spend, tier):
    assert result("first", ["customer.spend"], ROWS, spend=spend) == tier


def test_an_unknown_input_before_the_first_match_makes_the_result_unknown():
    assert result("first", ["customer.spend"], ROWS) is None


def test_an_unknown_input_after_the_first_match_does_not_matter():
    rows = [["-", "> 3", "old"], ["> 10", "-", "rich"]]
    assert result("first", ["customer.spend", "customer.months"], rows, months=4) == "old"


def test_an_unknown_input_does_not_matter_where_another_cell_rules_the_row_out():
    rows = [["> 10", "> 3", "both"], ["-", "-", "rest"]]
    assert result("first", ["customer.spend", "customer.months"], rows, months=1) == "rest"


def test_a_table_without_a_matching_row_is_unknown():
    assert result("first", ["customer.months"], [["> 10", "old"]], months=1) is None


def test_collect_lists_the_outputs_of_all_rows_that_match():
    rows = [["> 1", 10], ["> 100", 20], ["-", 30]]
    assert result("collect", ["customer.months"], rows, "int", months=5) == [10, 30]
    assert result("collect", ["customer.months"], rows, "int") is None


def test_unique_is_unknown_when_more_than_one_row_matches():
    rows = [["< 10", "young"], ["> 5", "old"]]
    assert result("unique", ["customer.months"], rows, months=3) == "young"
    assert result("unique", ["customer.months"], rows, months=7) is None


def test_literals_take_the_type_of_their_input():
    inputs = ["customer.plan", "customer.joined", "customer.months == 3"]
    rows = [["!= fibre", "< 2026-01-01T00:00:00Z", True, 1.5], ["'fibre'", "-", "-", 2]]
    assert result("first", inputs, rows, "double", plan="basic", joined=0, months=3) == 1.5
    assert result("first", inputs, rows, "double", plan="fibre", joined=0, months=3) == 2.0


@pytest.mark.parametrize(
    ("hit", "inputs", "output", "row", "where", "what"),
    [
        ("frst", ["customer.months"], "string", ["-", "x"], (0, 1), "no hit policy"),
        ("first", ["customer.month"], "string", ["-", "x"], (0, 1), "not declared"),
        ("first", ["customer.tags"], "string", ["-", "x"], (0, 1), "must not be a list"),
        ("first", ["customer.months"], "strng", ["-", "x"], (0, 2), "no type"),
        ("first", ["customer.months"], "string", ["-"], (1, 1), "2 cells"),
        ("first", ["customer.months"], "string", ["> x", "x"], (1, 1), "not an int"),
        ("first", ["customer.months"], "string", ["> 1.5", "x"], (1, 1), "not an int"),
        ("first", ["customer.months"], "string", [True, "x"], (1, 1), "not an int"),
        ("first", ["customer.plan"], "string", ["fibr", "x"], (1, 1), "never 'fibr'"),
        ("first", ["customer.plan"], "string", [3, "x"], (1, 1), "not a string"),
        ("first", ["customer.joined"], "string", ["> soon", "x"], (1, 1), "not a time"),
        ("first", ["customer.months"], "int", ["-", "many"], (1, 2), "not an int"),
        ("first", ["customer.spend"], "string", ["> 1e999", "x"], (1, 1), "too large for a double"),
        ("first", ["customer.months"], "double", ["-", "-1e999"], (1, 2), "too large for a double"),
    ],
)
def test_a_fault_names_row_and_column(hit, inputs, output, row, where, what):
    with pytest.raises(TableFaults) as refused:
        check_table(hit, inputs, output, [row], SCOPE)
    [fault] = refused.value.faults
    assert (fault.row, fault.column) == where
    assert what in fault.what


def test_all_faults_of_a_table_are_found_at_once():
    with pytest.raises(TableFaults) as refused:
        check_table("first", ["customer.months"], "int", [["> x", "y"], ["-"]], SCOPE)
    assert [(f.row, f.column) for f in refused.value.faults] == [(1, 1), (1, 2), (2, 1)]


def test_a_table_may_have_thousands_of_rows():
    rows = [[f"== {n}", f"row {n}"] for n in range(3_000)]
    assert result("first", ["customer.months"], rows, months=2_999) == "row 2999"


CELLS = st.tuples(st.sampled_from(["-", "==", "!=", "<", ">="]), st.integers(0, 4))


@settings(max_examples=150)
@given(
    st.lists(st.tuples(CELLS, CELLS), max_size=5),
    st.sampled_from(["first", "unique", "collect"]),
    st.none() | st.integers(0, 4),
    st.none() | st.integers(0, 4),
)
def test_tables_agree_with_their_definition(rows, hit, months, spend):
    written = [
        [*("-" if op == "-" else f"{op} {n}" for op, n in row), f"{index}"]
        for index, row in enumerate(rows)
    ]
    customer = {"months": months, "spend": None if spend is None else float(spend)}
    known = {name: value for name, value in customer.items() if value is not None}
    found = result(hit, ["customer.months", "customer.spend"], written, **known)
    assert found == by_definition(hit, rows, (months, spend))


def by_definition(hit, rows, inputs):
    tests = {
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "<": lambda a, b: a < b,
        ">=": lambda a, b: a >= b,
    }
    hits = []
    for index, row in enumerate(rows):
        cells = [
            True if op == "-" else None if value is None else tests[op](value, n)
            for (op, n), value in zip(row, inputs, strict=True)
        ]
        if False in cells:
            continue
        if None in cells:
            return None
        hits.append(str(index))
        if hit == "first":
            return hits[0]
    if hit == "collect":
        return hits
    return hits[0] if len(hits) == 1 else None
