"""One mistake each in an action, its treatments or their templates: file, line, what, what to try."""

# ruff: noqa: E501 - a fault is shown on one line, as people see it

from __future__ import annotations

import pytest

from tests.catalogue.faults import one_mistake

MISTAKES = [
    ("group: upgrade ", "grup: upgrade ", ["31: unknown key `grup` (did you mean group?)"]),
    ("group: upgrade ", "group: upgrad ", ["31: unknown group `upgrad` (did you mean upgrade?)"]),
    ("kind: offer  ", "kind: offr  ", ["32: `kind` cannot be `offr` (did you mean offer?)"]),
    (
        "purpose: marketing\n    value: 120.0",
        "purpose: marketng\n    value: 120.0",
        ["33: unknown purpose `marketng` (did you mean marketing?)"],
    ),
    ("value: 120.0 ", "value: '' #", ["34: `value` must not be empty"]),
    ("value: 120.0 ", "value: [1] #", ["34: `value` must be a number or text, not a list"]),
    (
        "value: 120.0 ",
        "value: customer.plan #",
        ["34: double is needed here, this is string, at column 1 of `customer.plan`"],
    ),
    ("value: 120.0 ", "value: .nan #", ["34: .nan is not a finite number"]),
    ("    tier: 0", "    tier: 0.5", ["37: `tier` must be a whole number, not `0.5`"]),
    ("    active: true", "    active: no", ["39: `active` must be true or false, not `no`"]),
    (
        "eligibility:   [customer.plan != 'fibre']",
        "eligibility: customer.plan != 'fibre'",
        ["40: `eligibility` must be a list, not `customer.plan != 'fibre'`"],
    ),
    (
        "customer.plan != 'fibre'",
        "customer.plna != 'fibre'",
        [
            "40: customer.plna is not declared, at column 10 of `customer.plna != 'fibre'` (did you mean plan?)"
        ],
    ),
    (
        "customer.plan != 'fibre'",
        "customer.plan == 'fiber'",
        [
            "40: customer.plan is never 'fiber', at column 18 of `customer.plan == 'fiber'` (did you mean fibre?)"
        ],
    ),
    ("customer.plan != 'fibre'", "1 > 2", ["40: this can never be true, at column 1 of `1 > 2`"]),
    (
        "customer.plan != 'fibre'",
        "customer.plan >",
        ["40: expected a value, found the end, at column 16 of `customer.plan >`"],
    ),
    (
        "from: 2026-01-01T00:00:00Z",
        "from: 2026-01-01",
        [
            "38: '2026-01-01' is not a time; times are written 2026-01-31T00:00:00Z or 2026-01-31T00:00:00+01:00"
        ],
    ),
    (
        "until: 2027-01-01T00:00:00Z",
        "until: 2025-01-01T00:00:00Z",
        ["38: `valid.from` is not before `valid.until` (swap them?)"],
    ),
    (
        "    active: true",
        "    active: true\n    budget: {capacity: 3}",
        ["40: `budget` is not built yet (leave it out for now)"],
    ),
    (
        "placement: home.hero, content",
        "placement: home.hro, content",
        ["44: unknown placement `home.hro` (did you mean home.hero?)"],
    ),
    (
        "{id: script, placement: agent.next",
        "{id: hero, placement: agent.next",
        [
            "45: treatment `hero` is given twice (treatment ids are unique within an action, and a placement has at most one)"
        ],
    ),
    (
        "{id: script, placement: agent.next",
        "{id: script, placement: home.hero",
        [
            "45: a treatment for `home.hero` is given twice (treatment ids are unique within an action, and a placement has at most one)"
        ],
    ),
    (
        "{{ customer.first_name | default('Hello') }}",
        "{{ customer.firstname }}",
        ["44: template: unknown attribute `customer.firstname` (did you mean first_name?)"],
    ),
    (
        "{{ customer.first_name | default('Hello') }}",
        "{{ customer.first_name | defualt('Hello') }}",
        ["44: template: there is no filter `defualt` (did you mean default?)"],
    ),
    (
        "{{ customer.first_name | default('Hello') }}",
        "{{ custmer.first_name }}",
        ["44: template: a template knows no `custmer` (did you mean customer?)"],
    ),
    (
        "{{ customer.first_name | default('Hello') }}",
        "{{ customer.first_name ",
        ["44: template: expected token 'end of print statement', got 'fibre'"],
    ),
    (
        "{{ customer.first_name | default('Hello') }}",
        "{{ customer }}",
        ["44: template: `customer` needs a name behind it (write customer.name)"],
    ),
    (
        "{{ customer.first_name | default('Hello') }}",
        "{% include 'x' %}",
        ["44: template: a template stands alone: no include, import or block"],
    ),
    (
        "{{ customer.first_name | default('Hello') }}",
        "{{ range(10) }}",
        [
            "44: template: a template knows no `range` (there is context, customer, now, segment, table)"
        ],
    ),
    (
        "kinds: [offer, message]",
        "kinds: [service]",
        ["44: `home.hero` takes no offer (it takes service)"],
    ),
]


@pytest.mark.parametrize(("right", "wrong", "expected"), MISTAKES)
def test_a_mistake_in_an_action_is_told_with_its_line_and_the_nearest_right_name(
    right: str, wrong: str, expected: list[str]
) -> None:
    assert one_mistake(right, wrong) == expected
