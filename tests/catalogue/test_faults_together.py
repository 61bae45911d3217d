"""No mistake hides another of the same entry: what can still be read of it is looked at, too."""

# ruff: noqa: E501 - a fault is shown on one line, as people see it

from __future__ import annotations

import pytest

from tests.catalogue.faults import EXAMPLE, faults

Mistake = tuple[str, str]

# what the entry cannot do without is wrong, then what else is wrong with it, and what is said
TOGETHER: list[tuple[list[Mistake], list[str]]] = [
    (
        [("cap: 2, window: 7d", "cap: 0, window: 1y"), ("channel: email}, cap", "channel: sms}, cap")],
        [
            "54: '1y' is not a duration; durations are written 30d, 12h, 15m or 1h30m",
            "54: `cap` must be at least 1, not `0`",
            "54: unknown channel `sms` (there is agent, email, web)",
        ],
    ),
    (
        [("cap: 2, window: 7d", "cap: 2.0, window: 1y")],
        [
            "54: '1y' is not a duration; durations are written 30d, 12h, 15m or 1h30m",
            "54: `cap` must be a whole number, not `2.0`",
        ],
    ),
    (
        [("{id: same-action-daily", "{id: []"), ("Europe/Lisbon}", "Europe/Lisbn}")],
        [
            "55: `id` must be text, not a list",
            "55: unknown time zone `Europe/Lisbn` (did you mean Europe/Lisbon?)",
        ],
    ),
    (
        [("rest: 30d", "rest: 30"), ("after: [reject]", "after: [3, rejct]")],
        [
            "56: `rest` must be text, not `30`",
            "56: item 1 of `after` must be text, not `3`",
            "56: unknown outcome `rejct` (did you mean reject?)",
        ],
    ),
    (
        [('from: "21:00"', "from: 21"), ('until: "08:00"', 'until: "8"'), ("else: Europe", "else: Urope")],
        [
            '58: `8` is not a time of day (times of day are written "21:00")',
            "58: `from` must be text, not `21`",
            "58: unknown time zone `Urope/Lisbon` (did you mean Europe/Lisbon?)",
        ],
    ),
    (
        [
            ("  - id: fibre-upgrade", "  - id: null"),
            ("    tier: 0", "    tier: first"),
            ("    kind: offer ", "    #"),
            ("group: upgrade ", "#"),
            ("customer.plan != 'fibre'", "customer.plan == 'fiber'"),
            ("placement: home.hero, content", "placement: home.hro, content"),
            (", content: {title: Fibre upgrade,", ", contents: {title: Fibre upgrade,"),
            ("{{ customer.first_name | default('Hello') }}", "{{ custmer.first_name }}"),
            ("never: [fibre-upgrade]", "never: []"),
            ("reason: {action: fibre-upgrade", "reason: {action: retain-20"),
        ],
        [
            "30: `id` must be text, not empty",
            "30: this action has no `kind` (offer, message or service, here or in its group)",
            "37: `tier` must be a whole number, not `first`",
            "40: customer.plan is never 'fiber', at column 18 of `customer.plan == 'fiber'` (did you mean fibre?)",
            "44: template: a template knows no `custmer` (did you mean customer?)",
            "44: unknown placement `home.hro` (did you mean home.hero?)",
            "45: `content` is missing",
            "45: unknown key `contents` (did you mean content?)",
        ],
    ),
    (
        [("channel: agent, slots: 3", "slots: many"), (", hold: 30m", "")],
        [
            "62: `channel` is missing",
            "62: `counts: impression` and `hold` go together (a hold is how long an offer waits for its impression, such as 30m)",
            "62: `slots` must be a whole number, not `many`",
        ],
    ),
    (
        [("weight: 3.0", "weight: many"), ("group: retention, weight", "group: retenton, weight")],
        [
            "69: `weight` must be a number, not `many`",
            "69: unknown group `retenton` (did you mean retention?)",
        ],
    ),
    (
        [
            ("name: a fibre customer is never offered fibre\n", "name: []\n"),
            ("{plan: fibre}, consent: {marketing: g", "{plan: fiber}, consent: {marketing: g"),
            ("request: {placement: home.hero, context", "request: {context"),
            ("{page: /broadband}", "{page: 3}"),
            ("never: [fibre-upgrade]", "never: [fibre-upgrad]"),
        ],
        [
            "75: `name` must be text, not a list",
            "76: `plan` must be one of basic, plus, fibre (did you mean fibre?)",
            "77: `page` must be text",
            "77: `placement` is missing",
            "78: unknown action `fibre-upgrad` (did you mean fibre-upgrade?)",
        ],
    ),
    (
        [
            ("output: string", "output: text"),
            ("inputs: [customer.spend_12m]", "inputs: [customer.spend_12n]"),
            ('[">= 200", silver]', "[silver]"),
        ],
        [
            "21: customer.spend_12n is not declared (did you mean spend_12m?)",
            "22: there is no type 'text' (the types are bool, int, double, string, timestamp, duration, and list<…> of them)",
            "23: column 1: a row has 2 cells (inputs, then the output), not 1",
        ],
    ),
    (
        [("    output: string\n", ""), ('[">= 200", silver]', '[">= x", silver]')],
        ["19: `output` is missing", "22: column 1: 'x' is not a number"],
    ),
    (
        [("  at_risk: customer.churn_risk", "  at risk: customer.churn_rsk"), ("[segment.at_risk]", "[]"), (" || segment.at_risk", "")],
        [
            "17: `at risk` is not a name: letters, digits, `_` and, in ids, `.` `:` `-`",
            "17: customer.churn_rsk is not declared, at column 10 of `customer.churn_rsk > 0.6 && customer.tenure_months >= 6` (did you mean churn_risk?)",
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("mistakes", "expected"), TOGETHER)
def test_a_mistake_in_what_an_entry_needs_hides_no_other_of_that_entry(
    mistakes: list[Mistake], expected: list[str]
) -> None:
    text = EXAMPLE
    for right, wrong in mistakes:
        assert right in text
        text = text.replace(right, wrong, 1)
    assert faults({"c.yaml": text}) == [f"c.yaml:{line}" for line in expected]


def test_what_is_given_twice_is_looked_at_twice() -> None:
    second = """
groups: {upgrade: {purpose: marketng}}
actions: [{id: retain-20, group: retenton}]
contact: [{id: quiet, cap: 2, window: 1y}]
events: {x: {outcome: clik}}
segments: {at_risk: customer.plna == 'plus'}
"""
    found = faults({"a.yaml": EXAMPLE + "events: {x: {}}\n", "b.yaml": second})
    assert [fault.removeprefix("b.yaml:").split(" (")[0] for fault in found] == [
        "2: `upgrade` is given twice",
        "2: unknown purpose `marketng`",
        "3: `retain-20` is given twice",
        "3: no placement can show `retain-20`",
        "3: unknown group `retenton`",
        "4: '1y' is not a duration; durations are written 30d, 12h, 15m or 1h30m",
        "4: `quiet` is given twice",
        "5: `x` is given twice",
        "5: unknown outcome `clik`",
        "6: `at_risk` is given twice",
        "6: customer.plna is not declared, at column 10 of `customer.plna == 'plus'`",
    ]


def test_a_feature_with_a_mistake_is_told_its_others_and_nothing_that_follows_from_it() -> None:
    features = """
features:
  a: {event: 3, within: soon, source: history.count}
  b: {within: soon}
  c: {source: customer.plna, by: [idd]}
  d: {source: customer.first_name, values: 3}
"""
    assert [fault.split(" (")[0] for fault in faults({"c.yaml": EXAMPLE + features})] == [
        "c.yaml:88: 'soon' is not a duration; durations are written 30d, 12h, 15m or 1h30m",
        "c.yaml:88: `event` must be text, not `3`",
        "c.yaml:89: 'soon' is not a duration; durations are written 30d, 12h, 15m or 1h30m",
        "c.yaml:89: `source` is missing",
        "c.yaml:90: item 1 of `by` cannot be `idd`",
        "c.yaml:90: unknown attribute of customer `plna`",
        "c.yaml:91: `values` must be a list, not `3`",
    ]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("calendar: true", "calendar: yes"),
        ("calendar: true", "calender: true"),
        ("window: 1d,", "window: 1,"),
        ("timezone: customer.timezone", "timezone: 3"),
        ("method: epsilon", "method: epsilonn"),
        ("floor: 0.02", "floor: 7"),
        ("enum: [basic", "enum: [3, basic"),
        ("kinds: [offer, message]", "kinds: [service, message, 3]"),
        ("{id: hero, placement: home.hero", "{id: hero, placement: 3"),
        ("{id: hero, ", "{id: [], "),
        ("after: [reject]", "after: [3]"),
        ("group: retention, weight", "group: [3], weight"),
        ("slots: 1,", "slots: 0,"),
    ],
)
def test_what_stands_in_for_a_mistake_is_never_told_of(right: str, wrong: str) -> None:
    assert right in EXAMPLE
    assert len(faults({"c.yaml": EXAMPLE.replace(right, wrong, 1)})) == 1


def test_a_key_that_is_no_name_hides_no_other_beside_it() -> None:
    more = """
events: {Plan Changed: {attributes: {pl an: plan, plna: plan}}}
features: {a: {source: history.count, event: x, where: {chanel: web, group: 3}}}
"""
    assert [fault.split(" (")[0] for fault in faults({"c.yaml": EXAMPLE + more})] == [
        "c.yaml:87: `pl an` is not a name: letters, digits, `_` and, in ids, `.` `:` `-`",
        "c.yaml:87: unknown attribute `plna`",
        "c.yaml:88: `group` must be text, not `3`",
        "c.yaml:88: `where` cannot be `chanel`",
    ]
