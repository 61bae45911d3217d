"""One mistake each in a contact policy: file, line, what, and what to try."""

# ruff: noqa: E501 - a fault is shown on one line, as people see it

from __future__ import annotations

import pytest

from tests.catalogue.faults import one_mistake

MISTAKES = [
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
    ("contact:\n", "contact: {}\ncontact:\n", ["54: `contact` is given twice (first on line 53)"]),
]


@pytest.mark.parametrize(("right", "wrong", "expected"), MISTAKES)
def test_a_mistake_in_a_contact_policy_is_told_with_its_line_and_the_nearest_right_name(
    right: str, wrong: str, expected: list[str]
) -> None:
    assert one_mistake(right, wrong) == expected
