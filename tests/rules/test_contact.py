"""Rests, keep-outs and quiet hours; and how a policy tells of itself."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from engine.domain import (
    Value,
)
from engine.rules.contact import ContactPolicies
from engine.rules.limits import Cap, KeepOut, Policy, Quiet, Rest
from engine.rules.windows import DAY, Calendar
from tests.rules.contacting import (
    ACTIONS,
    EVERYTHING,
    LISBON,
    NOW,
    OFFERS,
    WEEK,
    at,
    check,
    contacted,
    happened,
    label,
    out,
)

NIGHT = Quiet("quiet", EVERYTHING, time(21), time(8), LISBON, "timezone")


@pytest.mark.parametrize(("ago", "rests"), [(30 * DAY, False), (30 * DAY - 1, True)])
def test_a_rejected_action_rests_for_exactly_as_long_as_the_policy_says(
    ago: int, rests: bool
) -> None:
    rest = Rest("rest", OFFERS, frozenset({"reject"}), 30 * DAY, per="action")
    found = out(check(rest, events=happened("reject", "fibre", NOW - ago)))
    assert found == ({"fibre"} if rests else set())


def test_a_rest_without_per_is_for_all_the_policy_applies_to() -> None:
    rest = Rest("rest", OFFERS, frozenset({"complain"}), DAY)
    events = happened("complain", "fibre", NOW - 1)
    assert out(check(rest, events=events)) == {"fibre", "plus", "retain"}


def test_only_the_outcomes_named_start_a_rest() -> None:
    rest = Rest("rest", OFFERS, frozenset({"reject"}), DAY)
    assert out(check(rest, events=happened("click", "fibre", NOW - 1))) == set()
    assert out(check(rest, events=happened("reject", "status", NOW - 1))) == set()


def test_a_snoozed_action_stays_out_until_then_with_no_policy_at_all() -> None:
    snoozed = happened("snooze", "fibre", NOW - 90 * DAY, until=NOW + 1)
    found = check([], events=snoozed)
    assert out(found) == {"fibre"}
    assert [one.code for one in found.knockouts("home")] == ["snoozed"]
    assert out(check([], events=snoozed, now=NOW + 1)) == set()


def test_a_keep_out_holds_unless_its_condition_is_known_to_be_false() -> None:
    policy = KeepOut("service-first", 4, OFFERS)
    assert out(check(policy)) == {"fibre", "plus", "retain"}
    assert out(check(policy, false=(3,))) == {"fibre", "plus", "retain"}
    assert out(check(policy, false=(3, 4))) == set()


@pytest.mark.parametrize(
    ("clock", "quiet"), [("20:59", False), ("21:00", True), ("07:59", True), ("08:00", False)]
)
def test_quiet_hours_span_midnight_on_the_customers_own_clock(clock: str, quiet: bool) -> None:
    zone = ZoneInfo("America/New_York")
    customer: dict[str, Value] = {"timezone": zone.key}
    now = at(f"2026-06-10T{clock}", zone)
    assert bool(out(check(NIGHT, customer=customer, now=now))) == quiet


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "America", 7])
def test_a_customer_whose_time_zone_is_no_time_zone_gets_the_other_one(zone: Value) -> None:
    assert out(check(NIGHT, customer={"timezone": zone}, now=at("2026-06-10T22:00")))
    assert not out(check(NIGHT, customer={"timezone": zone}, now=at("2026-06-10T12:00")))


def test_quiet_hours_within_a_day_and_around_the_clock() -> None:
    siesta = Quiet("siesta", EVERYTHING, time(13), time(15), LISBON)
    assert out(check(siesta, now=at("2026-06-10T13:00")))
    assert not out(check(siesta, now=at("2026-06-10T15:00")))
    always = Quiet("always", EVERYTHING, time(9), time(9), LISBON)
    assert out(check(always, now=at("2026-06-10T08:59")))


def test_every_no_names_the_authors_policy_in_the_authors_order() -> None:
    found = check(
        [
            Rest("after-no", OFFERS, frozenset({"reject"}), DAY, per="action"),
            Cap("one", OFFERS, 1, Calendar(2, "week", LISBON), per="action"),
            KeepOut("first-things", 0, OFFERS),
            Quiet("quiet", OFFERS, time(9), time(18), LISBON),
        ],
        contacted((NOW - 1, label("fibre"))),
        happened("reject", "fibre", NOW - 1),
    )
    assert [(one.stage, one.code, one.reason, one.text) for one in found.knockouts("home")] == [
        ("contact", "resting", "after-no", "Resting after reject for the same action."),
        (
            "contact",
            "cap-reached",
            "one",
            "At most 1 contact of the same action in 2 calendar weeks: used up.",
        ),
        (
            "contact",
            "kept-out",
            "first-things",
            "Something else comes first for this customer now.",
        ),
        (
            "contact",
            "quiet-hours",
            "quiet",
            "Quiet hours: 09:00 until 18:00 on the local clock.",
        ),
    ]


def test_policies_say_how_far_back_they_look() -> None:
    policies: list[Policy] = [
        Cap("one", OFFERS, 1, WEEK),
        Rest("rest", OFFERS, frozenset({"reject"}), 30 * DAY),
        Cap("cal", OFFERS, 1, Calendar(1, "week", LISBON)),
        NIGHT,
        KeepOut("k", 0, OFFERS),
    ]
    assert ContactPolicies(policies, ACTIONS).reach == 30 * DAY
    assert ContactPolicies([], ACTIONS).reach == 0
    week = Calendar(1, "week", LISBON)
    sunday = at("2026-11-01T23:59")
    assert sunday - week.start(sunday) < week.reach
