"""One mistake each in a schema, segment, table or group: file, line, what, and what to try."""

# ruff: noqa: E501 - a fault is shown on one line, as people see it

from __future__ import annotations

import pytest

from tests.catalogue.faults import one_mistake

MISTAKES = [
    ("type: int}", "type: integer}", ["4: there is no type 'integer' (did you mean int?)"]),
    ("default: 0.0", "default: none", ["8: the default must be a finite number"]),
    ("enum: [basic, plus, fibre]", "enum: []", ["5: `enum` must not be empty"]),
    ("{type: int}", "{type: int, enum: [a]}", ["4: `enum` is for text, not for int"]),
    ("{type: double}", "{}", ["6: `type` is missing"]),
    (
        "plan:          {type",
        "plan: {type: int}\n    plan: {type",
        ["6: `plan` is given twice (first on line 5)"],
    ),
    (
        "customer.churn_risk > 0.6",
        "segment.at_risk",
        ["17: this depends on itself: segment.at_risk → segment.at_risk (break the circle)"],
    ),
    ('[">= 200", silver]', '[">= x", silver]', ["23: column 1: 'x' is not a number"]),
    (
        '[">= 200", silver]',
        "[silver]",
        ["23: column 1: a row has 2 cells (inputs, then the output), not 1"],
    ),
    (
        "inputs: [customer.spend_12m]",
        "inputs: [customer.spend12m]",
        ["21: customer.spend12m is not declared (did you mean spend_12m?)"],
    ),
    (
        "output: string",
        "output: text",
        [
            "22: there is no type 'text' (the types are bool, int, double, string, timestamp, duration, and list<…> of them)"
        ],
    ),
    ("hit: first", "hit: frst", ["20: `hit` cannot be `frst` (did you mean first?)"]),
    (
        'rows: [[">= 1000", gold], [">= 200", silver], ["-", basic]]',
        "rows: tiers.csv",
        ["23: there is no file `tiers.csv` (there is none)"],
    ),
    ("schema:\n", "schema: [\n", ["3: did not find expected ',' or ']'"]),
    (
        "identities: [email",
        "identities: [e mail",
        ["13: `e mail` is not a name: letters, digits, `_` and, in ids, `.` `:` `-`"],
    ),
    (
        "upgrade:   {kind: offer, purpose: marketing}",
        "upgrade:   {kind: offr, purpose: marketing}",
        ["26: `kind` cannot be `offr` (did you mean offer?)"],
    ),
    (
        "purposes: [personalisation, marketing]",
        "purposes: [personalisation, marketing, none]",
        ["14: `none` is not a purpose (it means: needs none)"],
    ),
]


@pytest.mark.parametrize(("right", "wrong", "expected"), MISTAKES)
def test_a_mistake_in_the_schema_is_told_with_its_line_and_the_nearest_right_name(
    right: str, wrong: str, expected: list[str]
) -> None:
    assert one_mistake(right, wrong) == expected
