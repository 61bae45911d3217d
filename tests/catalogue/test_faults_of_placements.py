"""One mistake each in a placement, the strategy or a catalogue's own tests: file, line, what, what to try."""

# ruff: noqa: E501 - a fault is shown on one line, as people see it

from __future__ import annotations

import pytest

from tests.catalogue.faults import one_mistake

MISTAKES = [
    (
        "kinds: [offer, message]",
        "kinds: [id: offer, message]",
        ["61: item 1 of `kinds` cannot be `{'id': 'offer'}` (there is message, offer, service)"],
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
    (
        "attribution: 7d",
        "attribution: 0d",
        ["72: `attribution` must be longer than nothing"],
    ),
    ("{company: 1.0", "{compny: 1.0", ["66: unknown key `compny` (did you mean company?)"]),
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
    (
        "fallback: {headline: Welcome}",
        'fallback: {headline: "{{ customer.first_name }}"}',
        ["61: a fallback is for anybody: no template (it must hold when nothing is known)"],
    ),
]


@pytest.mark.parametrize(("right", "wrong", "expected"), MISTAKES)
def test_a_mistake_in_a_placement_the_strategy_or_a_test_is_told_with_its_line_and_the_nearest_right_name(
    right: str, wrong: str, expected: list[str]
) -> None:
    assert one_mistake(right, wrong) == expected
