"""Merges cut short, by a crash or by each other, are finished by whoever meets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.bootstrap import Application
from engine.codec import pack_pointer
from engine.domain import Pointer
from engine.errors import Contention
from engine.identity import MADE
from engine.services.people.merges import Merges
from engine.store import Store
from tests.services.conftest import worker
from tests.services.identities.crashing import Crash, crashing
from tests.services.identities.people import CARD, MAIL, decide, holder, known, visit, visits

STEPS = 12  # more than a link that merges takes; each of the further ones crashes nowhere


def crashes() -> Iterator[tuple[int, bool]]:
    for at in range(1, STEPS):
        yield at, False
        yield at, True


@pytest.mark.parametrize(("at", "after"), list(crashes()))
@pytest.mark.parametrize("finisher", ["the loser", "the identity", "a sweep"])
def test_a_crash_at_any_step_of_a_merge_is_finished_by_whoever_meets_it(
    house: Path, store: Store, at: int, after: bool, finisher: str
) -> None:
    calm = worker(house, store)
    known(calm, "c-1", "c-2")
    calm.linking.link("c-1", MAIL)
    calm.linking.link("c-2", CARD)
    for number in range(4):
        visit(calm, f"v-{number}", id=f"c-{1 + number % 2}")
    crashed = True
    try:
        crashing(calm, store, at, after).link("c-2", MAIL)
        crashed = False
    except Crash:
        pass
    fenced_or_merged = bool(store.identities.fenced()) or bool(store.load("c-2").redirect)
    fresh = worker(house, store)
    if finisher == "a sweep":
        fresh.merges.sweep()
    elif finisher == "the loser":
        visit(fresh, "late", id="c-2")
    else:
        visit(fresh, "late", identity=CARD)
    if fenced_or_merged:
        assert visits(store, "c-1") == (4 if finisher == "a sweep" else 5)
        assert [holder(store, identity) for identity in (MAIL, CARD)] == ["c-1", "c-1"]
        if finisher != "the identity":  # which may lead past the fence by now
            assert store.load("c-2").redirect == "c-1"
    assert crashed or fenced_or_merged
    assert fresh.linking.link("c-2", MAIL).identities == [MAIL, CARD]
    assert store.load("c-2").redirect == "c-1"
    assert store.identities.fenced() == []


def test_two_customers_fenced_for_each_other_both_live_on_and_merge_when_asked(
    one: Application, store: Store
) -> None:
    """An erasure in between can turn the order round: nobody waits for ever."""
    known(one, "c-1", "c-2")
    store.identities.fence("c-2", "c-1")
    store.identities.fence("c-1", "c-2")
    visit(one, "v-1", id="c-1")
    visit(one, "v-2", id="c-2")
    ids = {one.customers.view(customer).customer_id for customer in ("c-1", "c-2")}
    assert sum(visits(store, customer) for customer in ids) == 2
    assert store.identities.fenced() == []


def test_a_merge_into_a_customer_that_is_gone_is_given_up(one: Application, store: Store) -> None:
    known(one, "c-2")
    store.identities.fence("c-2", "c-1")
    visit(one, "v-1", id="c-2")
    assert one.customers.view("c-2").customer_id == "c-2"
    assert visits(store, "c-2") == 1


def test_a_fence_that_stands_too_long_is_told_not_waited_for(
    one: Application, store: Store
) -> None:
    class Moving:
        def __getattr__(self, name: str) -> Any:
            return (lambda *_: False) if name == "fold" else getattr(store.identities, name)

    known(one, "c-1", "c-2")
    store.identities.fence("c-2", "c-1")
    with pytest.raises(Contention):
        Merges(store, Moving(), lambda _: False).finish("c-2", deadline=1e-9)


def test_an_identity_that_a_link_cut_short_left_leading_nowhere_leads_to_the_survivor(
    one: Application, two: Application, store: Store
) -> None:
    known(one, "c-1", "c-2")
    with pytest.raises(Crash):
        crashing(one, store, 1, False).link("c-2", CARD)  # listed, and not yet pointed
    one.linking.link("c-1", MAIL)
    one.linking.link("c-2", MAIL)
    assert decide(two, identity=CARD).customer_id == "c-1"


def test_an_identity_set_apart_while_a_customer_merges_stays_set_apart(
    house: Path, store: Store
) -> None:
    strict = worker(house, store, limit=1)
    known(strict, "c-1", "c-2", "c-3")
    strict.linking.link("c-2", CARD)
    with pytest.raises(Crash):
        crashing(strict, store, 1, True, limit=1).link("c-3", CARD)  # set apart, still listed
    strict.merges.merge(store.load("c-1").state, store.load("c-2").state)
    assert holder(store, CARD) == ""


def test_somebody_who_is_being_made_while_their_identity_is_linked_goes_on_as_who_it_is(
    one: Application, store: Store
) -> None:
    made = MADE + "0" * 32
    pointed = pack_pointer(Pointer(made))  # one worker is here when another one links
    assert store.identities.point(CARD, None, pointed)
    known(one, "c-1")
    one.linking.link("c-1", CARD)
    (who,) = {one.customers.view(name).customer_id for name in (made, "c-1")}
    assert holder(store, CARD) == who
