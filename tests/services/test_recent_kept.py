"""Of customers just decided for: how many are kept, for how long, and at what time of the store."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from engine.change import Change, Loaded
from engine.codec import pack_consent, pack_contacts, pack_told
from engine.domain import Contacts, CustomerState, Told
from engine.services.deciding.recent import LARGEST, LIFE, MOST, Recent


class Clocks:
    """Both of a machine's, set by hand."""

    def __init__(self) -> None:
        self.day, self.up = 1_780_000_000_000, 5_000

    def __call__(self) -> tuple[int, int]:
        return self.day, self.up

    def run(self, passed: int) -> None:
        self.day += passed
        self.up += passed


STATE = CustomerState("c-1", revision=3, clock=900)


LOADED = Loaded(STATE, {"rev": b"3"}, 1_000, [])


def told(revision: int = 4, since: int = 1_000, clock: int = 1_100, **sections: bytes) -> Change:
    """What somebody told of the customer, made from them as kept at revision 4."""
    return Change("c-1", revision, sections, clock, b"", None, 0, since=since)


def met(clocks: Clocks, **sections: bytes) -> Recent:
    """One who has met c-1 twice."""
    recent = Recent(clocks)
    meet(recent, "c-1", **sections)
    return recent


def meet(recent: Recent, customer: str, **sections: bytes) -> None:
    """Somebody is decided for twice, and is at revision 4 then."""
    state = replace(STATE, customer_id=customer)
    before = replace(LOADED, state=replace(state, revision=2))
    recent.keep(before, {}, 3)
    recent.keep(replace(LOADED, state=state), sections, 4)


def recalled(recent: Recent) -> Loaded:
    found = recent.recall("c-1")
    assert found is not None
    return found


def test_whoever_others_change_as_well_is_asked_for_until_they_do_no_more() -> None:
    recent = met(Clocks())
    recent.keep(replace(LOADED, state=replace(STATE, revision=7)), {}, 8)
    assert recent.recall("c-1") is None
    recent.keep(replace(LOADED, state=replace(STATE, revision=8)), {}, 9)
    assert recent.recall("c-1") is not None


def test_the_stores_clock_has_run_on_meanwhile() -> None:
    clocks = Clocks()
    recent = met(clocks)
    clocks.run(250)
    found = recalled(recent)
    assert (found.now, found.state.clock, found.packed["rev"]) == (1_250, 1_000, b"4")


def test_of_two_decisions_at_once_one_is_the_later() -> None:
    recent = met(Clocks())
    first = recalled(recent)
    recent.keep(first, {}, 5)
    second = recalled(recent)
    assert (first.now, second.now) == (1_001, 1_002)


def test_after_a_minute_the_store_is_asked_however_often_it_was_decided_meanwhile() -> None:
    clocks = Clocks()
    recent = met(clocks)
    clocks.run(LIFE)
    again = recalled(recent)
    recent.keep(again, {}, 5)
    clocks.run(1)
    assert recent.recall("c-1") is None


@pytest.mark.parametrize("set_by", [-3_600_000, 3_600_000])
def test_when_the_machines_clock_was_set_the_store_is_asked(set_by: int) -> None:
    clocks = Clocks()
    recent = met(clocks)
    clocks.day += set_by
    assert recent.recall("c-1") is None


def test_whoever_was_met_only_once_or_is_large_is_not_kept() -> None:
    recent = Recent(Clocks())
    recent.keep(LOADED, {}, 4)
    assert recent.recall("c-1") is None
    assert met(Clocks(), contacts=bytes(LARGEST)).recall("c-1") is None


def test_whoever_was_new_is_met_for_the_first_time_when_they_are_no_more() -> None:
    recent = Recent(Clocks())
    recent.keep(replace(LOADED, state=replace(STATE, revision=0)), {}, 1)
    recent.keep(replace(LOADED, state=replace(STATE, revision=1)), {}, 2)
    assert recent.recall("c-1") is None


def test_the_one_kept_longest_goes_when_there_are_too_many() -> None:
    recent = Recent(Clocks())
    for number in range(MOST + 1):
        meet(recent, f"c-{number}")
    kept = [number for number in range(MOST + 1) if recent.recall(f"c-{number}")]
    assert kept == list(range(1, MOST + 1))


def test_whoever_was_kept_for_too_long_is_let_go_of_by_the_next() -> None:
    clocks = Clocks()
    recent = met(clocks)
    clocks.run(LIFE + 1)
    recent.keep(replace(LOADED, state=replace(STATE, customer_id="c-2")), {}, 4)
    assert list(recent._kept) == ["c-2"]


def test_all_who_were_kept_for_too_long_are_let_go_of_together() -> None:
    clocks = Clocks()
    recent = Recent(clocks)
    for number in range(3):
        recent.keep(replace(LOADED, state=replace(STATE, customer_id=f"c-{number}")), {}, 4)
    clocks.run(LIFE + 1)
    recent.keep(replace(LOADED, state=replace(STATE, customer_id="c-9")), {}, 4)
    assert list(recent._kept) == ["c-9"]


def test_of_whoever_is_to_be_asked_for_nothing_they_said_is_kept() -> None:
    recent = met(Clocks(), contacts=b"all of them")
    recent.drop("c-1")
    assert recent.recall("c-1") is None
    assert not recent._kept["c-1"].packed
    recent.follow(told(revision=4), 5)
    assert recent.recall("c-1") is None


def test_whoever_was_let_go_of_meanwhile_is_not_kept_for_another_minute() -> None:
    clocks = Clocks()
    recent = met(clocks)
    clocks.run(LIFE)
    again = recalled(recent)
    recent.keep(LOADED, {"contacts": bytes(LARGEST)}, 5)
    recent.keep(again, {}, 5)
    assert recent.recall("c-1") is None


def test_what_was_told_here_between_two_decisions_is_no_change_of_others() -> None:
    recent = Recent(Clocks())
    recent.keep(LOADED, {}, 4)
    recent.follow(told(revision=4), 5)
    recent.keep(replace(LOADED, state=replace(STATE, revision=5)), {}, 6)
    assert recalled(recent).state.revision == 6


def test_following_a_change_keeps_nobody_new() -> None:
    recent = Recent(Clocks())
    recent.follow(told(revision=3), 4)
    assert recent.recall("c-1") is None


def test_of_a_followed_change_only_what_decisions_are_made_from_is_kept() -> None:
    recent = met(Clocks(), consent=pack_consent({}))
    recent.follow(told(contacts=pack_contacts(Contacts()), told=pack_told(Told())), 5)
    again = recalled(recent)
    assert sorted(again.packed) == ["clock", "consent", "contacts", "rev"]
    assert (again.state.revision, again.state.clock) == (5, 1_100)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"revision": 5}, id="another-revision"),
        pytest.param({"since": 900}, id="another-life"),
        pytest.param({"clock": 1_000}, id="the-same-moment"),
        pytest.param({"contacts": bytes(LARGEST)}, id="too-large"),
    ],
)
def test_whoever_is_changed_otherwise_than_from_what_is_kept_is_asked_for(
    change: dict[str, Any],
) -> None:
    recent = met(Clocks())
    recent.follow(told(**change), 6)
    assert recent.recall("c-1") is None
