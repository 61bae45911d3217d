"""What many events of a batch link is linked together, and comes to what one by one would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.bootstrap import Application
from engine.codec import pack_names
from engine.errors import AnswerLost, StoreUnavailable
from engine.identity import MOST_NAMES
from engine.services.people.ties import TOGETHER
from engine.store import Store
from tests.services.conftest import worker
from tests.services.identities.people import counted, holder, known, take_in
from tests.store.builders import change

Interpose = Callable[[str, Callable[[], object]], None]


def says(user: str, device: str = "", **traits: str) -> dict[str, Any]:
    """`identify`, from a device if need be."""
    said = {"type": "identify", "userId": user, "traits": traits}
    return said | ({"anonymousId": device} if device else {})


def everybody(count: int) -> list[dict[str, Any]]:
    return [says(f"c-{one}", f"a-{one}", email=f"{one}@x.pt") for one in range(count)]


def assert_linked(store: Store, *numbers: int) -> None:
    """Each of those of `everybody` has both names, and both lead to them."""
    for number in numbers:
        names = f"anonymous:a-{number}", f"email:{number}@x.pt"
        assert store.load(f"c-{number}").state.identities == names
        assert {holder(store, name) for name in names} == {f"c-{number}"}


def away() -> None:
    raise StoreUnavailable("the store went away")


@pytest.fixture
def interpose(store: Store, monkeypatch: pytest.MonkeyPatch) -> Interpose:
    """Have something happen, once, right before a verb of the store."""

    def before(verb: str, act: Callable[[], object]) -> None:
        owner = store.identities if hasattr(store.identities, verb) else store
        real = getattr(owner, verb)

        def after(*given: Any, **named: Any) -> Any:
            monkeypatch.setattr(owner, verb, real)
            act()
            return real(*given, **named)

        monkeypatch.setattr(owner, verb, after)

    return before


def test_a_hundred_new_people_are_linked_in_five_trips(one: Application, store: Store) -> None:
    take_in(one, *everybody(2))  # the store's scripts are known to it from then on
    trips = counted(store)
    take_in(one, *everybody(100))
    linked = ["read_all", "read_all", "write_all", "write_all", "read_all"]
    assert trips == [*linked, "read_all", "write_all"]  # and two that take the events in
    assert_linked(store, 2, 50, 99)


def test_who_is_linked_already_costs_a_batch_one_trip(one: Application, store: Store) -> None:
    take_in(one, *everybody(100))
    trips = counted(store)
    take_in(one, *everybody(100))
    assert trips == ["read_all", "read_all", "write_all"]


def test_more_people_than_go_together_are_all_linked(one: Application, store: Store) -> None:
    count = TOGETHER + 2
    take_in(one, *everybody(count))
    assert [holder(store, f"email:{number}@x.pt") for number in range(count)] == [
        f"c-{number}" for number in range(count)
    ]


def test_a_device_said_of_two_in_one_batch_stays_with_the_first(
    one: Application, store: Store
) -> None:
    take_in(one, says("c-1", "tablet", email="a@x.pt"), says("c-2", "tablet", email="b@x.pt"))
    assert holder(store, "anonymous:tablet") == "c-1"
    assert store.load("c-2").state.identities == ("email:b@x.pt",)


def test_an_address_said_of_two_in_one_batch_makes_them_one(one: Application, store: Store) -> None:
    take_in(one, says("c-1", "a-1", email="a@x.pt"), says("c-2", "a-2", email="a@x.pt"))
    names = ["anonymous:a-1", "anonymous:a-2", "email:a@x.pt"]
    assert one.customers.view("c-1").identities == one.customers.view("c-2").identities == names
    assert len({holder(store, name) for name in names}) == 1


def test_a_visitor_who_signs_in_and_says_more_in_one_batch_is_one_customer(
    one: Application, store: Store
) -> None:
    more = {"type": "identify", "anonymousId": "a-1", "traits": {"email": "a@x.pt"}}
    take_in(one, says("c-1", "a-1"), more)
    names = ("anonymous:a-1", "email:a@x.pt")
    assert (store.load("c-1").state.identities, store.load("c-1").state.merged) == (names, ())


def test_a_name_said_again_under_a_former_id_is_shared_with_nobody(
    house: Path, store: Store
) -> None:
    strict = worker(house, store, limit=1)
    known(strict, "c-1", "c-2")
    strict.merges.merge(store.load("c-1").state, store.load("c-2").state)
    take_in(strict, says("c-1", email="a@x.pt"))
    take_in(strict, says("c-2", email="a@x.pt"))
    assert holder(store, "email:a@x.pt") == "c-1"


def test_a_device_that_a_merge_of_the_same_batch_brings_is_not_counted_as_said_once_more(
    house: Path, store: Store
) -> None:
    strict = worker(house, store, limit=2)
    for user in ("c-1", "c-2"):
        take_in(strict, {"type": "alias", "userId": user, "previousId": "a-1"})
    take_in(strict, says("c-2", email="a@x.pt"))
    take_in(strict, says("c-3", email="a@x.pt"), says("c-3", "a-1", email="b@x.pt"))
    assert strict.customers.view("c-1").customer_id == strict.customers.view("c-3").customer_id
    assert "anonymous:a-1" in strict.customers.view("c-3").identities


def test_an_alias_of_somebody_the_batch_brings_merges_them(one: Application) -> None:
    track = {"type": "track", "event": "Product Viewed", "userId": "old"}
    take_in(one, track, {"type": "alias", "userId": "new", "previousId": "old"})
    ids = {one.customers.view(name).customer_id for name in ("old", "new")}
    assert len(ids) == 1


def test_an_alias_of_a_visitor_and_a_customer_the_batch_brings_merges_nobody(
    one: Application,
) -> None:
    viewed = {"type": "track", "event": "Product Viewed"}
    alias = {"type": "alias", "userId": "new", "previousId": "x"}
    take_in(one, {**viewed, "userId": "x"}, {**viewed, "anonymousId": "x"}, alias)
    assert "does not tell who is meant" in one.events.set_aside()[0].reason
    assert one.customers.view("x").merged == []


@pytest.mark.parametrize("verb", ["pointers", "commit_all", "point_all"])
def test_a_device_another_takes_meanwhile_is_theirs_alone(
    one: Application, two: Application, store: Store, interpose: Interpose, verb: str
) -> None:
    known(one, "c-1", "c-2")
    interpose(verb, lambda: two.linking.link("c-2", "anonymous:tablet"))
    take_in(one, says("c-1", "tablet", email="a@x.pt"))
    assert holder(store, "anonymous:tablet") == "c-2"
    assert store.load("c-1").state.identities == ("email:a@x.pt",)
    assert store.load("c-2").state.identities == ("anonymous:tablet",)


def test_who_changes_meanwhile_is_linked_all_the_same(
    one: Application, two: Application, store: Store, interpose: Interpose
) -> None:
    interpose("commit_all", lambda: known(two, "c-1"))
    take_in(one, says("c-1", "a-1"))
    assert store.load("c-1").state.identities == ("anonymous:a-1",)
    assert holder(store, "anonymous:a-1") == "c-1"


@pytest.mark.parametrize("verb", ["pointers", "commit_all", "point_all"])
def test_an_address_another_takes_meanwhile_makes_them_one(
    one: Application, two: Application, store: Store, interpose: Interpose, verb: str
) -> None:
    known(one, "c-1", "c-2")
    interpose(verb, lambda: two.linking.link("c-2", "email:a@x.pt"))
    take_in(one, says("c-1", email="a@x.pt"))
    assert one.customers.view("c-2").customer_id == "c-1" == holder(store, "email:a@x.pt")


@pytest.mark.parametrize("verb", ["pointers", "commit_all", "point_all"])
def test_the_same_batch_sent_twice_at_once_links_once(
    one: Application, two: Application, store: Store, interpose: Interpose, verb: str
) -> None:
    interpose(verb, lambda: take_in(two, *everybody(3)))
    take_in(one, *everybody(3))
    assert_linked(store, *range(3))


def test_of_who_is_erased_meanwhile_no_name_is_left_that_leads_to_nobody(
    one: Application, two: Application, store: Store, interpose: Interpose
) -> None:
    known(one, "c-1")
    interpose("point_all", lambda: two.privacy.erase("c-1"))
    take_in(one, says("c-1", "a-1", email="a@x.pt"))
    held = store.load("c-1").state.identities
    for name in ("anonymous:a-1", "email:a@x.pt"):
        assert holder(store, name) == ("c-1" if name in held else "")


@pytest.mark.parametrize("verb", ["commit_all", "point_all"])
@pytest.mark.parametrize("done", [True, False])
def test_what_an_answer_that_is_lost_says_is_found_out(
    one: Application, store: Store, monkeypatch: pytest.MonkeyPatch, verb: str, done: bool
) -> None:
    real = store._servers.write_all
    left = [{"commit_all": 1, "point_all": 2}[verb]]

    def losing(commands: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            if done:
                real(commands)
            raise AnswerLost("nobody knows")
        return real(commands)

    take_in(one, says("c-0", "a-0"))  # the scripts are there
    monkeypatch.setattr(store._servers, "write_all", losing)
    take_in(one, *everybody(3)[1:])
    assert_linked(store, 1, 2)


def test_who_was_listed_before_the_store_went_away_is_linked_once_the_batch_is_sent_again(
    one: Application, store: Store, interpose: Interpose
) -> None:
    interpose("point_all", away)
    with pytest.raises(StoreUnavailable):
        take_in(one, *everybody(2))
    take_in(one, *everybody(2))
    assert_linked(store, *range(2))


def test_a_device_taken_after_a_link_was_cut_short_is_no_longer_listed_with_the_first(
    one: Application, store: Store, interpose: Interpose
) -> None:
    interpose("point_all", away)
    with pytest.raises(StoreUnavailable):
        take_in(one, says("c-1", "tablet", email="a@x.pt"))
    take_in(one, says("c-2", "tablet", email="b@x.pt"))
    take_in(one, says("c-1", "tablet", email="a@x.pt"))
    assert holder(store, "anonymous:tablet") == "c-2"
    assert store.load("c-1").state.identities == ("email:a@x.pt",)


def test_an_alias_cut_short_once_it_was_listed_merges_when_it_is_sent_again(
    one: Application, store: Store, interpose: Interpose
) -> None:
    take_in(one, {"type": "page", "anonymousId": "a-1"})
    alias = {"type": "alias", "userId": "c-1", "previousId": "a-1"}
    interpose("point", away)
    with pytest.raises(StoreUnavailable):
        take_in(one, alias)
    take_in(one, alias)
    assert one.customers.view("c-1").customer_id == holder(store, "anonymous:a-1")


def test_who_has_too_many_names_keeps_the_traits_and_the_batch_goes_on(
    one: Application, store: Store
) -> None:
    loaded = store.load("c-1")
    names = pack_names([f"cookie:{number}" for number in range(MOST_NAMES - 1)])
    store.commit(change(loaded, sections={"identities": names}))
    full = says("c-1", "a-1", email="a@x.pt", plan="plus")
    take_in(one, full, says("c-2", "a-2"))
    assert len(store.load("c-1").state.identities) == MOST_NAMES
    assert one.customers.view("c-1").attributes == {"plan": "plus"}
    assert holder(store, "anonymous:a-2") == "c-2"
    (aside,) = one.events.set_aside()
    assert f"has {MOST_NAMES} identities" in aside.reason
