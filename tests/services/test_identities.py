"""Customers under many names: found, linked, merged, whatever is interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.bootstrap import Application, assemble
from engine.change import Change, Conflict
from engine.codec import pack_names, unpack_pointer
from engine.errors import Contention, CustomerFull, IdentityShared, InvalidRequest, NotFound
from engine.identity import MADE, MOST_NAMES
from engine.services.identities import Resolver, Rules
from engine.services.linking import Linking
from engine.services.merges import Merges
from engine.settings import Settings
from engine.store import Store
from engine.wire.customers import CustomerPatchBody
from engine.wire.decisions import DecisionBody, PlacementBody
from engine.wire.identities import CustomerBody
from engine.wire.interactions import InteractionBody
from engine.wire.replies import DecisionReply
from tests.http.catalogue import CATALOGUE
from tests.store.builders import change

CARD = "loyalty:7"
MAIL = "email:ana@example.com"
STEPS = 12  # more than a link that merges takes; each of the further ones crashes nowhere


class Crash(Exception):
    """The process is gone."""


class Crashing:
    """The store's verbs for identities, until the process dies before or after one of them."""

    def __init__(self, store: Store, at: int, after: bool) -> None:
        self._verbs = store.identities
        self._left = at
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        verb: Callable[..., Any] = getattr(self._verbs, name)
        if name not in ("point", "fence", "fold", "settle"):
            return verb

        def dying(*args: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Crash
            answer = verb(*args, **options)
            if self._left == 0:
                raise Crash
            return answer

        return dying


@pytest.fixture
def house(tmp_path: Path) -> Path:
    directory = tmp_path / "catalogue"
    directory.mkdir()
    (directory / "catalogue.yaml").write_text(CATALOGUE)
    return tmp_path


def worker(house: Path, store: Store, limit: int = 3) -> Application:
    """One more process over the same store: it has met nobody yet."""
    settings = Settings(house / "catalogue", house / "data", identity_limit=limit)
    return assemble(settings, store)


@pytest.fixture
def one(house: Path, store: Store) -> Application:
    return worker(house, store)


@pytest.fixture
def two(house: Path, store: Store) -> Application:
    return worker(house, store)


def known(application: Application, *customers: str) -> None:
    for customer in customers:
        patch = CustomerPatchBody({"plan": "basic"}, {"marketing": "granted"})
        application.customers.change(customer, patch)


def ask(**named: Any) -> DecisionBody:
    mode = named.pop("mode", "live")
    request_id = named.pop("request_id", "")
    body = DecisionBody(CustomerBody(**named), "web", [PlacementBody("home.hero")], mode=mode)
    return body if not request_id else DecisionBody(
        body.customer, body.channel, body.placements, request_id=request_id
    )  # fmt: skip


def decide(application: Application, **named: Any) -> DecisionReply:
    return application.decisions.answer(ask(**named), None, False)


def visit(application: Application, name: str, **customer: Any) -> tuple[int, int, int]:
    row = InteractionBody(name, CustomerBody(**customer), type="visit", channel="web")
    reply = application.interactions.take_in([row])
    return reply.accepted, reply.duplicates, len(reply.rejected)


def visits(store: Store, customer: str) -> int:
    events = store.load(customer).state.events
    return sum(tally.count for tally in events.tallies)


# ── by an identity ───────────────────────────────────────────────────────────────────


def test_an_unknown_identity_becomes_one_anonymous_customer_whoever_asks_first(
    one: Application, two: Application, store: Store
) -> None:
    first = decide(one, identity=CARD)
    second = decide(two, identity=" loyalty:7".strip())
    visit(two, "v-1", identity=CARD)
    assert first.customer_id == second.customer_id
    assert first.customer_id.startswith(MADE)
    assert store.load(first.customer_id).state.identities == (CARD,)
    assert visits(store, first.customer_id) == 1


def test_a_preview_for_an_unknown_identity_remembers_nothing(
    one: Application, store: Store
) -> None:
    assert decide(one, identity=CARD, mode="preview").degraded is None
    assert store.identities.pointer(CARD) is None


def test_an_identity_is_met_however_it_is_written(one: Application) -> None:
    named = decide(one, identity="email: Ana@EXAMPLE.com").customer_id
    assert one.linking.find(MAIL).customer_id == named


def test_an_identity_nobody_has_is_not_found(one: Application) -> None:
    with pytest.raises(NotFound):
        one.linking.find(MAIL)


def test_an_undeclared_namespace_is_refused_with_the_nearest(one: Application) -> None:
    with pytest.raises(InvalidRequest, match=r"/customer/identity.*did you mean 'email'"):
        decide(one, identity="emial:ana@example.com")


def test_rows_naming_a_bad_identity_are_kept_out_alone(one: Application) -> None:
    rows = [
        InteractionBody("v-1", CustomerBody(identity="emial:a@b"), type="visit"),
        InteractionBody("v-2", CustomerBody(identity=MAIL), type="visit"),
    ]
    reply = one.interactions.take_in(rows)
    assert (reply.accepted, [row.index for row in reply.rejected]) == (1, [0])


def test_a_decision_by_a_known_identity_is_one_trip_to_load_and_one_to_commit(
    one: Application, store: Store
) -> None:
    known(one, "c-1")
    one.linking.link("c-1", MAIL)
    decide(one, identity=MAIL)
    servers = store._servers
    trips: list[str] = []
    read, write = servers.read, servers.write
    servers.read = lambda *a: (trips.append("read"), read(*a))[1]  # type: ignore[method-assign]
    servers.write = lambda *a: (trips.append("write"), write(*a))[1]  # type: ignore[method-assign]
    decide(one, identity=MAIL)
    assert trips == ["read", "write"]


# ── linking and merging ──────────────────────────────────────────────────────────────


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


# ── crashes ──────────────────────────────────────────────────────────────────────────


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


def holder(store: Store, identity: str) -> str:
    return unpack_pointer(store.identities.pointer(identity)).customer_id


def crashing(
    application: Application, store: Store, at: int, after: bool, limit: int = 3
) -> Linking:
    verbs = Crashing(store, at, after)
    rules = Rules(application.served, None, limit)
    merges = Merges(store, verbs, rules.shared)
    resolver = Resolver(store, verbs, merges, rules, application.served)
    return Linking(resolver, verbs, merges, rules, application.served)


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


# ── bounds ───────────────────────────────────────────────────────────────────────────


def crowded(store: Store, customer: str, section: str, count: int) -> None:
    """A customer with that many names."""
    loaded = store.load(customer)
    names = pack_names([f"cookie:{customer}-{number}" for number in range(count)])
    store.commit(change(loaded, sections={section: names}))


def test_a_customer_has_a_bounded_number_of_identities(one: Application, store: Store) -> None:
    known(one, "c-1", "c-2")
    crowded(store, "c-1", "identities", MOST_NAMES - 1)
    assert one.linking.link("c-1", CARD).customer_id == "c-1"
    with pytest.raises(CustomerFull, match=f"has {MOST_NAMES} identities"):
        one.linking.link("c-1", MAIL)
    assert one.linking.link("c-1", CARD).customer_id == "c-1"
    assert one.linking.link("c-2", MAIL).merged == []
    with pytest.raises(CustomerFull):
        one.linking.link("c-2", CARD)
    assert [store.load(name).fence for name in ("c-1", "c-2")] == [None, None]


def test_a_bounded_number_of_customers_becomes_one(one: Application, store: Store) -> None:
    known(one, "c-1", "c-2")
    crowded(store, "c-1", "merged", MOST_NAMES)
    one.linking.link("c-1", CARD)
    with pytest.raises(CustomerFull):
        one.linking.link("c-2", CARD)
    assert store.load("c-2").redirect is None


def test_who_turns_out_to_be_too_many_once_fenced_lives_on_alone(
    one: Application, store: Store
) -> None:
    known(one, "c-1", "c-2")
    crowded(store, "c-1", "merged", MOST_NAMES)
    one.merges.merge(store.load("c-1").state, store.load("c-2").state)
    left = store.load("c-2")
    assert (left.fence, left.redirect, left.state.attributes) == (None, None, {"plan": "basic"})
    assert store.identities.fenced() == []


def test_a_merge_that_filled_a_customer_is_still_finished(
    one: Application, house: Path, store: Store
) -> None:
    known(one, "c-1", "c-2")
    crowded(store, "c-1", "merged", MOST_NAMES - 1)
    one.linking.link("c-1", CARD)
    with pytest.raises(Crash):
        crashing(one, store, 3, True).link("c-2", CARD)
    assert "c-2" in store.load("c-1").state.merged  # folded, and still fenced
    assert store.load("c-2").fence == "c-1"
    worker(house, store).merges.sweep()
    assert store.load("c-2").redirect == "c-1"


# ── shared identities ────────────────────────────────────────────────────────────────


def test_an_identity_too_many_customers_share_merges_nobody_and_is_listed(
    house: Path, store: Store
) -> None:
    strict = worker(house, store, limit=1)
    known(strict, "c-1", "c-2")
    decide(strict, identity="loyalty:tablet")
    strict.linking.link("c-1", "loyalty:tablet")
    with pytest.raises(IdentityShared, match="too many customers share"):
        strict.linking.link("c-2", "loyalty:tablet")
    assert strict.linking.shared().identities == ["loyalty:tablet"]
    assert strict.customers.view("c-2").merged == []
    assert "loyalty:tablet" not in strict.customers.view("c-1").identities
    for application in (strict, worker(house, store, limit=1)):
        assert decide(application, identity="loyalty:tablet").degraded == "identity-shared"
        assert visit(application, "v", identity="loyalty:tablet") == (0, 0, 1)
    with pytest.raises(IdentityShared):
        strict.linking.find("loyalty:tablet")


def test_a_shared_identity_serves_again_under_a_higher_limit(house: Path, store: Store) -> None:
    strict = worker(house, store, limit=1)
    known(strict, "c-1", "c-2")
    strict.linking.link("c-1", CARD)
    with pytest.raises(IdentityShared):
        strict.linking.link("c-2", CARD)
    loose = worker(house, store, limit=2)
    assert loose.linking.link("c-2", CARD).identities == [CARD]
    assert loose.linking.shared().identities == []


def test_however_many_merges_of_merges_lead_to_the_one_customer_and_soon_directly(
    one: Application, two: Application, store: Store
) -> None:
    chain = [f"c-{number:02d}" for number in range(30)]
    known(one, *chain)
    for survivor, loser in zip(chain[-2::-1], chain[:0:-1], strict=True):
        one.merges.merge(store.load(survivor).state, store.load(loser).state)
    assert two.customers.view("c-29").customer_id == "c-00"
    assert {store.load(name).redirect for name in chain[1:]} == {"c-00"}
