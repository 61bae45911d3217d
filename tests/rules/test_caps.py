"""Frequency caps: what counts, for how long, and whom it keeps out."""

from __future__ import annotations

import pytest

from engine.domain import (
    Selector,
)
from engine.rules.limits import Cap
from engine.rules.windows import DAY
from tests.rules.contacting import (
    ACTIONS,
    EVERYTHING,
    NOW,
    OFFERS,
    WEEK,
    check,
    contacted,
    label,
    out,
)


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
