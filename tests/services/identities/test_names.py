"""A customer is found by any of their names, however it is written."""

from __future__ import annotations

import pytest

from engine.bootstrap import Application
from engine.errors import InvalidRequest, NotFound
from engine.identity import MADE
from engine.store import Store
from engine.wire.identities import CustomerBody
from engine.wire.one_interaction import InteractionBody
from tests.services.identities.people import CARD, MAIL, counted, decide, known, visit, visits


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
    decide(one, identity=MAIL, mode="preview")
    trips = counted(store)
    decide(one, identity=MAIL)
    assert trips == ["read", "write"]


def test_an_identity_nobody_has_is_linked_in_five_trips(one: Application, store: Store) -> None:
    one.linking.link("c-0", CARD)  # the store's scripts are known to it from then on
    trips = counted(store)
    one.linking.link("c-1", MAIL)
    assert trips == ["read", "read", "write", "write", "read"]
