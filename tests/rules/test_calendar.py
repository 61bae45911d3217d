"""Windows that begin at a local midnight, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engine.rules.limits import Cap
from engine.rules.windows import DAY, Calendar, Window
from tests.rules.contacting import (
    LISBON,
    OFFERS,
    at,
    check,
    contacted,
    label,
    out,
)


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
