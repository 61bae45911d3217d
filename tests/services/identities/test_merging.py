"""Two that turn out to be one person: nothing is lost, no cap is freed, both names work."""

from __future__ import annotations

from pathlib import Path

from engine.bootstrap import Application
from engine.change import Change, Conflict
from engine.store import Store
from engine.wire.customers import CustomerPatchBody
from engine.wire.identities import CustomerBody
from engine.wire.one_interaction import InteractionBody
from tests.services.conftest import worker
from tests.services.identities.people import CARD, MAIL, decide, known, visit, visits


def test_linking_merges_and_both_names_work_for_good(
    one: Application, two: Application, store: Store
) -> None:
    known(one, "c-1", "c-2")
    one.linking.link("c-1", MAIL)
    visit(one, "v-1", id="c-1")
    visit(two, "v-2", id="c-2")
    told = two.linking.link("c-2", MAIL)
    assert (told.customer_id, told.merged, told.identities) == ("c-1", ["c-2"], [MAIL])
    assert visits(store, "c-1") == 2
    for application in (one, two):
        assert application.customers.view("c-2").customer_id == "c-1"
        visit(application, "late", id="c-2")
    assert visits(store, "c-1") == 3
    assert store.load("c-2").redirect == "c-1"


def test_linking_again_changes_nothing(one: Application) -> None:
    known(one, "c-1")
    first = one.linking.link("c-1", MAIL)
    assert one.linking.link("c-1", "email:ANA@example.com") == first


def test_a_loop_of_merges_ends_in_one_customer(one: Application, store: Store) -> None:
    known(one, "a", "b")
    one.linking.link("a", MAIL)
    one.linking.link("b", CARD)
    for customer, identity in [("a", CARD), ("b", MAIL), ("a", MAIL), ("b", CARD)]:
        assert one.linking.link(customer, identity).customer_id == "a"
    assert store.load("a").state.merged == ("b",)
    assert store.identities.fenced() == []


def test_a_denial_of_either_holds_until_said_anew(one: Application) -> None:
    known(one, "c-1", "c-2")
    one.customers.change("c-1", CustomerPatchBody({}, {"marketing": "denied"}))
    one.linking.link("c-1", MAIL)
    merged = one.linking.link("c-2", MAIL)
    assert merged.consent["marketing"].status == "denied"
    anew = one.customers.change("c-2", CustomerPatchBody({}, {"marketing": "granted"}))
    assert anew.consent["marketing"].status == "granted"


def test_the_attribute_told_last_is_kept(one: Application, store: Store) -> None:
    known(one, "c-1", "c-2")
    told = store.load("c-1").now
    while store.load("c-1").now == told:
        """Until the store's clock has moved on: of two told at once neither is the last."""
    one.customers.change("c-2", CustomerPatchBody({"plan": "plus"}, {}))
    one.linking.link("c-1", MAIL)
    assert one.linking.link("c-2", MAIL).attributes["plan"] == "plus"


def test_a_decision_of_the_merged_customer_still_takes_its_outcome(
    one: Application, two: Application, house: Path, store: Store
) -> None:
    known(one, "c-1", "c-2")
    made = decide(one, id="c-2")
    action = made.placements[0].actions[0].action
    one.linking.link("c-1", MAIL)
    one.linking.link("c-2", MAIL)
    for number, named in enumerate([{}, {"customer": CustomerBody("c-1")}]):
        row = InteractionBody(
            f"o-{number}", decision_id=made.decision_id, outcome="click", action=action, **named
        )
        assert worker(house, store).interactions.take_in([row]).accepted == 1
    assert two.records.view(made.decision_id).decision.customer_id == "c-2"


def test_what_was_sent_before_the_merge_is_a_duplicate_after_it(
    one: Application, two: Application
) -> None:
    known(one, "c-1", "c-2")
    assert visit(one, "v-1", id="c-2") == (1, 0, 0)
    first = decide(one, id="c-2", request_id="r-1")
    one.linking.link("c-1", MAIL)
    one.linking.link("c-2", MAIL)
    assert visit(two, "v-1", id="c-2") == (0, 1, 0)
    assert decide(two, id="c-2", request_id="r-1").decision_id == first.decision_id


def test_a_merge_frees_no_cap(one: Application) -> None:
    """Three contacts a week: two with one, one with the other, and none after the merge."""
    known(one, "c-1", "c-2")
    shown = [decide(one, id=customer) for customer in ("c-1", "c-2", "c-1")]
    assert not any(reply.placements[0].fallback for reply in shown)
    one.linking.link("c-1", MAIL)
    one.linking.link("c-2", MAIL)
    counted = len(one.decisions._memory.load("c-1").state.contacts.rows)
    assert counted == sum(len(reply.placements[0].actions) for reply in shown)


def test_a_customer_on_its_way_into_another_takes_no_change(one: Application, store: Store) -> None:
    known(one, "c-1", "c-2")
    store.identities.fence("c-2", "c-1")
    loaded = store.load("c-2")
    change = Change("c-2", loaded.state.revision, {}, loaded.now, b"x", None, 1)
    assert loaded.fence == "c-1"
    assert isinstance(store.commit(change), Conflict)


def test_however_many_merges_of_merges_lead_to_the_one_customer_and_soon_directly(
    one: Application, two: Application, store: Store
) -> None:
    chain = [f"c-{number:02d}" for number in range(30)]
    known(one, *chain)
    for survivor, loser in zip(chain[-2::-1], chain[:0:-1], strict=True):
        one.merges.merge(store.load(survivor).state, store.load(loser).state)
    assert two.customers.view("c-29").customer_id == "c-00"
    assert {store.load(name).redirect for name in chain[1:]} == {"c-00"}
