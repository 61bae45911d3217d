from __future__ import annotations

from datetime import UTC, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from engine.domain import (
    Action,
    Contact,
    Contacts,
    Event,
    EventLabel,
    Events,
    Facts,
    Label,
    Selector,
    Tally,
    Value,
)
from engine.rules.contact import ContactCheck, ContactPolicies
from engine.rules.limits import Cap, KeepOut, Policy, Quiet, Rest
from engine.rules.masks import indices
from engine.rules.windows import DAY, Calendar, Sliding, Window

LISBON = ZoneInfo("Europe/Lisbon")
ACTIONS = (
    Action("fibre", "offer", "upgrade", "marketing"),
    Action("plus", "offer", "upgrade", "marketing"),
    Action("retain", "offer", None, "marketing"),
    Action("status", "service", None, None),
)
OFFERS = Selector(kind=frozenset({"offer"}))
EVERYTHING = Selector()
WEEK = Sliding(7 * DAY)
NO_CONTACTS = Contacts()
NO_EVENTS = Events()


class Evaluation(NamedTuple):
    false: list[int]
    unknown: list[int]


def at(text: str, zone: ZoneInfo = LISBON) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


NOW = at("2026-06-10T12:00")


def label(action: str, channel: str = "web", placement: str = "home") -> Label:
    known = {one.id: one for one in ACTIONS}
    one = known.get(action, Action(action, "offer", "upgrade", None))
    return Label(one.id, one.kind, one.group or "", channel, placement)


def contacted(*rows: tuple[int, Label], until: int = 0) -> Contacts:
    ordered = sorted(rows, key=lambda row: row[0])
    return Contacts(
        tuple(label for _, label in ordered),
        tuple(Contact(when, index, "d", until) for index, (when, _) in enumerate(ordered)),
    )


def happened(type: str, action: str, when: int, until: int = 0, channel: str = "web") -> Events:
    it = label(action, channel)
    row = EventLabel(type, it.action, it.kind, it.group, it.channel, it.placement)
    return Events((row,), (Event(when, 0, until),), (Tally(1, when),))


def check(
    policy: Policy | list[Policy],
    contacts: Contacts = NO_CONTACTS,
    events: Events = NO_EVENTS,
    customer: dict[str, Value] | None = None,
    now: int = NOW,
    channel: str = "web",
    false: tuple[int, ...] = (),
) -> ContactCheck:
    policies = policy if isinstance(policy, list) else [policy]
    facts = Facts(customer or {}, {}, events, channel, now)
    return ContactPolicies(policies, ACTIONS).check(contacts, facts, Evaluation([*false], []))


def out(check: ContactCheck, placement: str = "home") -> set[str]:
    return {
        ACTIONS[index].id
        for knockout in check.knockouts(placement)
        for index in indices(knockout.mask).tolist()
    }


# ── caps ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("ago", "capped"), [(7 * DAY, False), (7 * DAY - 1, True), (0, True)])
def test_a_contact_leaves_a_sliding_window_exactly_when_the_window_has_passed(
    ago: int, capped: bool
) -> None:
    cap = Cap("once", OFFERS, 1, WEEK)
    found = out(check(cap, contacted((NOW - ago, label("fibre")))))
    assert found == ({"fibre", "plus", "retain"} if capped else set())


def test_without_per_all_matching_contacts_are_counted_together() -> None:
    cap = Cap("two", OFFERS, 2, WEEK)
    contacts = contacted((NOW - 1, label("fibre")), (NOW - 2, label("retain")))
    assert out(check(cap, contacts)) == {"fibre", "plus", "retain"}
    assert out(check(cap, contacted((NOW - 1, label("fibre")), (NOW, label("status"))))) == set()


def test_a_capped_action_leaves_its_siblings_alone() -> None:
    cap = Cap("once-each", OFFERS, 1, WEEK, per="action")
    assert out(check(cap, contacted((NOW - 1, label("fibre"))))) == {"fibre"}


def test_a_capped_group_keeps_out_all_of_it() -> None:
    cap = Cap("once-a-group", EVERYTHING, 1, WEEK, per="group")
    assert out(check(cap, contacted((NOW - 1, label("fibre"))))) == {"fibre", "plus"}


def test_an_action_without_a_group_is_a_group_of_its_own() -> None:
    cap = Cap("once-a-group", EVERYTHING, 1, WEEK, per="group")
    assert out(check(cap, contacted((NOW - 1, label("retain"))))) == {"retain"}


def test_contacts_of_an_action_that_left_the_catalogue_still_count() -> None:
    contacts = contacted((NOW - 1, label("gone")))
    assert out(check(Cap("one", OFFERS, 1, WEEK), contacts)) == {"fibre", "plus", "retain"}
    assert out(check(Cap("one", OFFERS, 1, WEEK, per="group"), contacts)) == {"fibre", "plus"}
    assert out(check(Cap("one", OFFERS, 1, WEEK, per="action"), contacts)) == set()


def test_a_cap_per_placement_keeps_that_placement_clear_and_no_other() -> None:
    cap = Cap("one-a-place", OFFERS, 1, WEEK, per="placement")
    found = check(cap, contacted((NOW - 1, label("fibre", placement="home"))))
    assert out(found, "home") == {"fibre", "plus", "retain"}
    assert out(found, "cart") == set()


def test_a_cap_on_another_channel_says_nothing_here() -> None:
    cap = Cap("email", Selector(channel=frozenset({"email"})), 1, WEEK)
    contacts = contacted((NOW - 1, label("fibre", "email", "letter")))
    assert out(check(cap, contacts, channel="web")) == set()
    assert len(out(check(cap, contacts, channel="email"), "letter")) == len(ACTIONS)


def test_a_hold_counts_until_the_moment_it_expires() -> None:
    cap = Cap("one", OFFERS, 1, WEEK)
    assert out(check(cap, contacted((NOW - 9, label("fibre")), until=NOW + 1)))
    assert not out(check(cap, contacted((NOW - 9, label("fibre")), until=NOW)))


def test_what_an_earlier_slot_took_is_counted_for_the_next() -> None:
    found = check([Cap("two", OFFERS, 2, WEEK), Cap("each", OFFERS, 1, WEEK, per="action")])
    assert out(found) == set()
    found.take(0, "home")
    assert out(found) == {"fibre"}
    found.take(3, "home")
    assert out(found) == {"fibre"}
    found.take(1, "cart")
    assert out(found) == {"fibre", "plus", "retain"}


# ── the calendar ─────────────────────────────────────────────────────────────────────


def starts(window: Window, now: int) -> int:
    """The first millisecond that counts, found by asking about contacts around it."""
    cap = Cap("one", OFFERS, 1, window)
    start = window.start(now)
    assert out(check(cap, contacted((start, label("fibre"))), now=now))
    assert not out(check(cap, contacted((start - 1, label("fibre"))), now=now))
    return start


def test_a_calendar_day_begins_at_local_midnight_winter_and_summer() -> None:
    day = Calendar(1, "day", LISBON)
    assert starts(day, at("2026-01-10T00:00")) == at("2026-01-10T00:00")
    assert starts(day, at("2026-06-10T23:59")) == at("2026-06-10T00:00")


def test_seven_calendar_days_are_today_and_the_six_before() -> None:
    week = Calendar(7, "day", LISBON)
    assert starts(week, at("2026-06-10T12:00")) == at("2026-06-04T00:00")


def test_an_iso_week_begins_on_monday() -> None:
    week = Calendar(1, "week", LISBON)
    assert starts(week, at("2026-06-10T12:00")) == at("2026-06-08T00:00")
    assert starts(week, at("2026-06-14T23:59")) == at("2026-06-08T00:00")
    assert starts(week, at("2026-06-15T00:00")) == at("2026-06-15T00:00")


def test_the_day_the_clocks_change_is_an_hour_shorter_or_longer() -> None:
    day = Calendar(1, "day", ZoneInfo("America/New_York"))
    for text, hours in (("2026-03-08", 23), ("2026-11-01", 25)):
        begins = datetime.fromisoformat(text).replace(tzinfo=day.zone)
        ends = begins.replace(day=begins.day + 1)
        last = round(ends.timestamp() * 1000) - 1
        assert last + 1 - starts(day, last) == hours * 60 * 60 * 1000


def test_a_day_whose_midnight_never_comes_begins_where_the_clock_jumps() -> None:
    day = Calendar(1, "day", ZoneInfo("America/Sao_Paulo"))
    jump = round(datetime(2018, 11, 4, 3, tzinfo=UTC).timestamp() * 1000)
    assert starts(day, jump + DAY // 2) == jump
    assert starts(day, jump - 1) == jump - DAY


def test_a_day_that_a_country_skipped_is_empty() -> None:
    apia = ZoneInfo("Pacific/Apia")
    noon = at("2011-12-31T12:00", apia)
    today, yesterday = Calendar(1, "day", apia), Calendar(2, "day", apia)
    assert starts(today, noon) == starts(yesterday, noon) == noon - DAY // 2


def test_a_day_once_begun_goes_on_though_the_clock_is_set_back_across_its_midnight() -> None:
    goose_bay = ZoneInfo("America/Goose_Bay")
    day = Calendar(1, "day", goose_bay)
    midnight = at("2010-11-07T00:00", goose_bay)
    yesterday_again = midnight + 30 * 60 * 1000
    assert datetime.fromtimestamp(yesterday_again / 1000, goose_bay).day == 6
    assert starts(day, yesterday_again) == midnight


def test_a_window_asked_about_another_day_forgets_the_last() -> None:
    day = Calendar(1, "day", LISBON)
    for text in ("2026-06-10", "2026-06-12", "2026-06-11"):
        assert day.start(at(f"{text}T15:00")) == at(f"{text}T00:00")


# ── rests and snoozes ────────────────────────────────────────────────────────────────


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


# ── keep-outs and quiet hours ────────────────────────────────────────────────────────


def test_a_keep_out_holds_unless_its_condition_is_known_to_be_false() -> None:
    policy = KeepOut("service-first", 4, OFFERS)
    assert out(check(policy)) == {"fibre", "plus", "retain"}
    assert out(check(policy, false=(3,))) == {"fibre", "plus", "retain"}
    assert out(check(policy, false=(3, 4))) == set()


NIGHT = Quiet("quiet", EVERYTHING, time(21), time(8), LISBON, "timezone")


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


# ── telling ──────────────────────────────────────────────────────────────────────────


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
