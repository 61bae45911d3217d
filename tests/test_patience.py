"""How long an offer nobody answered is waited for."""

from __future__ import annotations

from collections import Counter

import pytest

from engine.change import Entry
from engine.patience import LATEST, SHARES, patience, share_of, taken_in

DAY = 86_400_000


def test_shares_are_alike_and_an_entry_stays_in_its_own() -> None:
    entries = [Entry(n % 256, f"{1_000 * n}-0", b"") for n in range(4_000)]
    dealt = Counter(map(share_of, entries))
    assert dealt.keys() == set(range(SHARES))
    assert min(dealt.values()) > 900
    assert [share_of(one) for one in entries[:9]] == [
        share_of(one._replace(data=b"rewritten")) for one in entries[:9]
    ]


@pytest.mark.parametrize("delays", [[], [0] * 10, [0] * LATEST])
def test_nothing_is_waited_for_where_answers_come_at_once_or_none_came(delays: list[int]) -> None:
    assert patience(delays, DAY) == (0,) * SHARES


def test_at_any_age_as_many_of_the_unanswered_count_as_answers_have_come() -> None:
    delays = [37 * n % LATEST * 1_000 for n in range(LATEST)]  # evenly over 256 s, in any order
    ages = patience(delays, DAY)
    for age in range(0, 256_000, 8_000):
        come = sum(delay <= age for delay in delays) / LATEST
        count = sum(each <= age for each in ages) / SHARES
        assert count == pytest.approx(come, abs=0.5 / SHARES + 0.01)


def test_where_some_answers_come_late_some_offers_wait() -> None:
    at_once, late = [0] * 192, [3_600_000] * 64
    assert patience([*at_once, *late], DAY) == (0, 0, 0, 3_600_000)


def test_nobody_is_waited_for_beyond_the_window() -> None:
    assert patience([3 * DAY] * LATEST, DAY) == (DAY,) * SHARES


def test_the_latest_answers_say_how_long_they_take_whatever_clocks_do() -> None:
    delays: list[int] = []
    for delay in (-5, *range(1_000, 1_000 + LATEST)):
        taken_in(delays, delay)
        assert min(delays) >= 0
    assert delays == list(range(1_000, 1_000 + LATEST))
