"""Facts about what the customer's past answers."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain import Event, EventLabel, Events, Matter, Tally
from engine.history import MS_PER_DAY, History

NOW = 1_767_225_600_000
REJECT = EventLabel("reject", "fibre", "offer", "upgrade", "email", "", "")
LABELS = (
    REJECT,
    EventLabel("reject", "phone", "offer", "upgrade", "web"),
    EventLabel("call", topic="bill"),
)


def history(*ages: tuple[int, int], extra: int = 0) -> History:
    """A past of (label, milliseconds ago) rows, and `extra` older ones only the tallies know."""
    rows = tuple(Event(NOW - age, label) for label, age in sorted(ages, key=lambda row: -row[1]))
    tallies = tuple(
        Tally(
            sum(row.label == label for row in rows) + extra,
            max((row.at for row in rows if row.label == label), default=0),
        )
        for label in range(len(LABELS))
    )
    return History(Events(LABELS, rows, tallies), NOW)


def test_a_window_is_open_at_its_far_end_and_closed_at_now():
    past = history((0, 1000), (0, 999), (0, 0))
    assert past.count("reject", within=1000) == 2
    assert past.count("reject", within=1001) == 3


def test_what_is_yet_to_happen_does_not_count_within_a_window():
    assert history((0, -1), (0, 1)).count("reject", within=10) == 1


def test_without_a_window_all_time_counts_even_what_rows_have_forgotten():
    assert history((0, 5), extra=7).count("reject", action="fibre") == 8


def test_filters_narrow_and_combine():
    past = history((0, 1), (1, 2), (1, 3), (2, 4))
    assert past.count("reject", group="upgrade", within=100) == 3
    assert past.count("reject", action="phone", channel="web", kind="offer", within=100) == 2
    assert past.count("reject", action="phone", channel="email", within=100) == 0
    assert past.count("call", topic="bill", within=100) == 1


def test_days_since_is_infinite_when_it_never_happened():
    assert history((0, 36 * 3_600_000)).days_since("reject", action="fibre") == 1.5
    assert history().days_since("visit") == math.inf
    assert History(Events(), NOW).count("reject", within=5) == 0


def test_days_since_is_never_negative():
    assert history((0, -MS_PER_DAY)).days_since("reject", action="fibre") == 0.0


def test_an_open_matter_is_found_by_its_topic():
    past = History(Events(open=(Matter("1", "complaint", NOW),)), NOW)
    assert past.open("complaint")
    assert not past.open("bill")


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(-5, 30)), max_size=30),
    st.integers(1, 30),
    st.sampled_from(["reject", "call", "visit"]),
    st.none() | st.sampled_from(["fibre", "phone"]),
)
def test_counting_agrees_with_looking_at_every_row(rows, within, type, action):
    expected = sum(
        0 <= age < within and LABELS[label].type == type and action in (None, LABELS[label].action)
        for label, age in rows
    )
    assert history(*rows).count(type, action=action, within=within) == expected
