"""One mistake each in a catalogue that is otherwise right: file, line, what, and what to try."""

# ruff: noqa: E501 - a fault is shown on one line, as people see it

from __future__ import annotations

from pathlib import Path

import pytest

from engine.catalogue import compile_catalogue
from engine.errors import CatalogueRefused

EXAMPLE = (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8")

MISTAKES = [
    (
        "kinds: [offer, message]",
        "kinds: [id: offer, message]",
        ["61: item 1 of `kinds` cannot be `{'id': 'offer'}` (there is message, offer, service)"],
    ),
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
        "  attribution: 7d",
        "  attribution: 7d\n  holdout: {share: 0.05}",
        ["73: `holdout` is not built yet (leave it out for now)"],
    ),
    ("tests: ", "kpis: {}\ntests: ", ["74: `kpis` is not built yet (leave it out for now)"]),
    (
        "method: epsilon, floor: 0.02",
        "method: igw",
        [
            "70: `igw` does not go with a `floor` of 0 (`epsilon` and `igw` need one above zero, such as 0.02, and `none` has none)"
        ],
    ),
    (
        "method: epsilon",
        "method: epsilonn",
        ["70: `method` cannot be `epsilonn` (did you mean epsilon?)"],
    ),
    (
        "floor: 0.02",
        "floor: 0",
        [
            "70: `epsilon` does not go with a `floor` of 0 (`epsilon` and `igw` need one above zero, such as 0.02, and `none` has none)"
        ],
    ),
    ("floor: 0.02", "floor: 2", ["70: `floor` must be at most 1, not `2`"]),
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
    (
        "counts: commit}",
        "counts: commit}\n  - {id: sms.x, channel: sms}",
        ["64: nobody can fill `sms.x` (give an action a treatment for it)"],
    ),
    ("slots: 1,", "slots: 0,", ["61: `slots` must be at least 1, not `0`"]),
    ("slots: 1,", "slots: many,", ["61: `slots` must be a whole number, not `many`"]),
    (
        ", hold: 30m",
        "",
        [
            "62: `counts: impression` and `hold` go together (a hold is how long an offer waits for its impression, such as 30m)"
        ],
    ),
    ("hold: 30m", "hold: 30", ["62: `hold` must be text, not `30`"]),
    (
        "hold: 30m",
        "hold: 30min",
        ["62: '30min' is not a duration; durations are written 30d, 12h, 15m or 1h30m"],
    ),
    (
        "diverse: group",
        "diverse: groups",
        ["62: `diverse` cannot be `groups` (did you mean group?)"],
    ),
    ("cap: 2", "cap: 0", ["54: `cap` must be at least 1, not `0`"]),
    ("cap: 2, window: 7d", "cap: 2", ["54: `window` is missing beside `cap`"]),
    (
        "window: 7d",
        "window: week",
        ["54: 'week' is not a duration; durations are written 30d, 12h, 15m or 1h30m"],
    ),
    (
        "window: 1d, calendar",
        "window: 36h, calendar",
        ["55: `36h` is not whole days or weeks (a calendar window is written 1d, 7d or 1w)"],
    ),
    (
        ", timezone: Europe/Lisbon}",
        ", timezone: Europe/Lisbn}",
        ["55: unknown time zone `Europe/Lisbn` (did you mean Europe/Lisbon?)"],
    ),
    (
        ", calendar: true",
        "",
        [
            "55: `timezone` means something with `calendar: true` only (a sliding window is the same everywhere)"
        ],
    ),
    (
        ", timezone: Europe/Lisbon}",
        "}",
        ["55: `timezone` is missing beside `calendar` (such as Europe/Lisbon)"],
    ),
    ("after: [reject]", "after: [rejct]", ["56: unknown outcome `rejct` (did you mean reject?)"]),
    ("rest: 30d", "rest: -30d", ["56: `rest` must be longer than nothing"]),
    (
        "{kind: offer, channel: email}",
        "{kind: offer, channel: emial}",
        ["54: unknown channel `emial` (did you mean email?)"],
    ),
    (
        "{kind: offer, channel: email}",
        "{group: upgrad, action: [fibre-upgrad]}",
        [
            "54: unknown action `fibre-upgrad` (did you mean fibre-upgrade?)",
            "54: unknown group `upgrad` (did you mean upgrade?)",
        ],
    ),
    (
        "per: action, cap: 3",
        "per: person, cap: 3",
        ["55: `per` cannot be `person` (there is action, channel, group, kind, placement)"],
    ),
    ("when: \"history.open('complaint')\", ", "", ["57: `when` is missing beside `keep_out`"]),
    (
        "history.open('complaint')",
        "history.opn('complaint')",
        ["57: history has no opn, at column 9 of `history.opn('complaint')` (did you mean open?)"],
    ),
    (
        'quiet: {from: "21:00"',
        'quiet: {from: "25:00"',
        ['58: `25:00` is not a time of day (times of day are written "21:00")'],
    ),
    (
        "timezone: customer.timezone",
        "timezone: customer.timezne",
        ["58: unknown attribute `timezne` (did you mean timezone?)"],
    ),
    (
        "timezone: customer.timezone",
        "timezone: customer.tenure_months",
        ["58: `customer.tenure_months` is no text, so no time zone"],
    ),
    (
        ", else: Europe/Lisbon",
        "",
        [
            "58: `else` is missing: the time zone when `customer.timezone` is not known (such as Europe/Lisbon)"
        ],
    ),
    (
        "cap: 2, window: 7d",
        "cap: 2, window: 7d, rest: 3d",
        ["54: several policies in one: cap, rest (it has one of cap, rest, keep_out and quiet)"],
    ),
    ("cap: 2, window: 7d", "keep_ot: 3", ["54: unknown key `keep_ot` (did you mean keep_out?)"]),
    (
        "  - {id: two-offers-a-week",
        "  - {id: quiet",
        ["58: `quiet` is given twice (first at c.yaml:54)"],
    ),
    ("{email: 0.05", "{emial: 0.05", ["67: unknown channel `emial` (did you mean email?)"]),
    ("click: 0.2", "clik: 0.2", ["71: unknown outcome `clik` (did you mean click?)"]),
    ("click: 0.2", "click: 2", ["71: `click` must be at most 1, not `2`"]),
    (
        "group: retention, weight",
        "group: retenton, weight",
        ["69: unknown group `retenton` (did you mean retention?)"],
    ),
    (
        "attribution: 7d",
        "attribution: soon",
        ["72: 'soon' is not a duration; durations are written 30d, 12h, 15m or 1h30m"],
    ),
    ("{company: 1.0", "{compny: 1.0", ["66: unknown key `compny` (did you mean company?)"]),
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
    (
        "placement: home.hero, context",
        "placement: home.hro, context",
        ["77: unknown placement `home.hro` (did you mean home.hero?)"],
    ),
    (
        "never: [fibre-upgrade]",
        "never: [fibre-upgrad]",
        ["78: unknown action `fibre-upgrad` (did you mean fibre-upgrade?)"],
    ),
    (
        "{plan: fibre}, consent: {marketing: g",
        "{plan: fiber}, consent: {marketing: g",
        ["76: `plan` must be one of basic, plus, fibre (did you mean fibre?)"],
    ),
    (
        "consent: {marketing: granted}",
        "consent: {marketin: granted}",
        ["76: unknown purpose `marketin` (did you mean marketing?)"],
    ),
    (
        "consent: {marketing: granted}",
        "consent: {marketing: yes}",
        ["76: `marketing` cannot be `yes` (there is denied, granted)"],
    ),
    (
        "stage: engagement",
        "stage: engage",
        ["85: unknown stage `engage` (did you mean engagement?)"],
    ),
    (
        "now: 2026-06-01T00:00:00Z",
        "now: yesterday",
        [
            "82: 'yesterday' is not a time; times are written 2026-01-31T00:00:00Z or 2026-01-31T00:00:00+01:00"
        ],
    ),
    (
        "name: a fibre customer is never offered fibre\n",
        "nme: x\n",
        ["75: `name` is missing", "75: unknown key `nme` (did you mean name?)"],
    ),
    ("schema:\n", "schema: [\n", ["3: did not find expected ',' or ']'"]),
    (
        "identities: [email",
        "identities: [e mail",
        ["13: `e mail` is not a name: letters, digits, `_` and, in ids, `.` `:` `-`"],
    ),
    ("contact:\n", "contact: {}\ncontact:\n", ["54: `contact` is given twice (first on line 53)"]),
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
    (
        "fallback: {headline: Welcome}",
        'fallback: {headline: "{{ customer.first_name }}"}',
        ["61: a fallback is for anybody: no template (it must hold when nothing is known)"],
    ),
]


def faults(files: dict[str, str]) -> list[str]:
    with pytest.raises(CatalogueRefused) as refused:
        compile_catalogue({name: text.encode() for name, text in files.items()})
    return list(map(str, refused.value.faults))


@pytest.mark.parametrize(("right", "wrong", "expected"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_the_nearest_right_name(
    right: str, wrong: str, expected: list[str]
) -> None:
    assert EXAMPLE.count(right) >= 1
    found = faults({"c.yaml": EXAMPLE.replace(right, wrong, 1)})
    assert found == [f"c.yaml:{fault}" for fault in expected]


def test_all_mistakes_are_told_at_once_whatever_their_kind() -> None:
    wrong = EXAMPLE
    apart = [  # mistakes that neither share a line with, nor hide, another
        ("group: upgrade ", "grup: upgrade "),
        ("cap: 2", "cap: 0"),
        ("type: list<string>", "type: lists"),
        ("diverse: group", "diverse: groups"),
        ("click: 0.2", "clik: 0.2"),
        ("customer.churn_risk > 0.6", "customer.churn_rsk > 0.6"),
        (
            "customer: {attributes: {plan: fibre}, consent: {marketing: g",
            "customer: {consent: {market: g",
        ),
        ("after: [reject]", "after: [rejct]"),
        ("exploration: {method: epsilon", "holdout: {}\n  exploration: {method: epsilon"),
    ]
    for right, mistake in apart:
        assert right in wrong
        wrong = wrong.replace(right, mistake, 1)
    assert [fault.split(" ", 1)[0] for fault in faults({"c.yaml": wrong})] == [
        "c.yaml:7:", "c.yaml:17:", "c.yaml:31:", "c.yaml:54:", "c.yaml:56:", "c.yaml:62:",
        "c.yaml:70:", "c.yaml:72:", "c.yaml:77:",
    ]  # fmt: skip


def test_an_action_with_many_mistakes_is_told_all_of_them_and_nothing_besides() -> None:
    text = """
schema: {attributes: {plan: {type: string}}, purposes: [marketing]}
groups: {upgrade: {kind: offer, purpose: marketing}}
placements: [{id: p, channel: web}]
actions:
  - id: a
    knd: offer
    group: upgrad
    value: [1]
    tier: first
    eligibility: [customer.paln == 'x']
    budget: {capacity: 3}
    treatments:
      - {id: t, placement: q, contnt: {}, content: {a: "{{ customer.paln }}"}}
"""
    assert [fault.split(" (")[0] for fault in faults({"c.yaml": text})] == [
        "c.yaml:7: unknown key `knd`",
        "c.yaml:8: unknown group `upgrad`",
        "c.yaml:9: `value` must be a number or text, not a list",
        "c.yaml:10: `tier` must be a whole number, not `first`",
        "c.yaml:11: customer.paln is not declared, at column 10 of `customer.paln == 'x'`",
        "c.yaml:12: `budget` is not built yet",
        "c.yaml:14: template: unknown attribute `customer.paln`",
        "c.yaml:14: unknown key `contnt`",
        "c.yaml:14: unknown placement `q`",
    ]


def test_a_name_in_two_files_is_told_with_both_places() -> None:
    other = "groups:\n  upgrade: {kind: offer}\nstrategy: {attribution: 1d}\n"
    assert faults({"a.yaml": EXAMPLE, "b.yaml": other}) == [
        "b.yaml:2: `upgrade` is given twice (first at a.yaml:26)",
        "b.yaml:3: `attribution` is given twice (first at a.yaml:65)",
    ]


def test_files_that_are_no_yaml_no_csv_or_no_text_are_told_together() -> None:
    found = faults({"a.yaml": "a: [", "b.yaml": "x: \x00", "c.csv": 'a,"b', "d.yaml": "budget: 1"})
    assert [fault.split(":")[0] for fault in found] == ["a.yaml", "b.yaml", "c.csv", "d.yaml"]


def test_text_that_is_not_utf_8_is_told_with_its_line() -> None:
    with pytest.raises(CatalogueRefused, match=r"c\.yaml:2: not UTF-8 text"):
        compile_catalogue({"c.yaml": b"schema:\n  \xff: 1\n"})


def test_an_action_of_a_group_that_is_at_fault_is_not_told_again() -> None:
    wrong = EXAMPLE.replace("retention: {kind: offer, ", "retention: {kind: ofer, ")
    assert faults({"c.yaml": wrong}) == ["c.yaml:27: `kind` cannot be `ofer` (did you mean offer?)"]


def test_a_condition_on_an_attribute_that_is_at_fault_is_not_told_again() -> None:
    wrong = EXAMPLE.replace("churn_risk:    {type: double,", "churn_risk: {type: dbl,")
    assert len(faults({"c.yaml": wrong})) == 1


def test_a_treatment_that_lacks_a_key_and_has_another_is_told_both() -> None:
    wrong = EXAMPLE.replace("placement: agent.next, content:", "placement: agent.next, contnt:")
    assert faults({"c.yaml": wrong}) == [
        "c.yaml:45: `content` is missing",
        "c.yaml:45: unknown key `contnt` (did you mean content?)",
    ]


def test_every_circle_is_told() -> None:
    text = "segments: {a: segment.b, b: segment.a, c: segment.c}"
    assert [fault.split(": ")[2] for fault in faults({"c.yaml": text})] == [
        "segment.a → segment.b → segment.a (break the circle)",
        "segment.c → segment.c (break the circle)",
    ]


def test_a_circle_of_segments_and_tables_is_told_once() -> None:
    wrong = """
segments:
  a: table.t == 'x'
  b: segment.a
tables:
  t: {inputs: [segment.b], output: string, rows: [["-", x]]}
"""
    (found,) = faults({"c.yaml": wrong})
    assert found.startswith("c.yaml:3: this depends on itself: ")


def test_an_offer_without_a_purpose_is_a_fault_and_a_service_without_one_is_not() -> None:
    for kind, count in (("offer", 1), ("message", 1), ("service", 0)):
        text = f"""
actions:
  - {{id: a, kind: {kind}, value: 1, treatments: [{{id: t, placement: p, content: {{}}}}]}}
placements: [{{id: p, channel: web}}]
"""
        found = faults({"c.yaml": text}) if count else []
        assert len(found) == count
        if not count:
            assert compile_catalogue({"c.yaml": text.encode()}).actions[0].purpose is None


def test_a_table_in_csv_is_told_by_the_line_of_the_csv() -> None:
    text = EXAMPLE.replace(
        'rows: [[">= 1000", gold], [">= 200", silver], ["-", basic]]', "rows: tiers.csv"
    )
    table = "customer.spend_12m,tier\n>= 1000,gold\n\n>= much,silver\n-,basic,too\n"
    assert faults({"c.yaml": text, "tiers.csv": table}) == [
        "tiers.csv:4: column 1: 'much' is not a number",
        "tiers.csv:5: column 1: a row has 2 cells (inputs, then the output), not 3",
    ]
    assert faults({"c.yaml": text, "tiers.csv": ">= 1000,gold\n-,basic\n"}) == [
        "tiers.csv:1: the first row must be the heading (write customer.spend_12m, tier)"
    ]
    assert faults({"c.yaml": text, "tier.csv": table}) == [
        "c.yaml:23: there is no file `tiers.csv` (did you mean tier.csv?)"
    ]
