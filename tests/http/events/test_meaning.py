"""Events of Segment's and RudderStack's SDKs: what comes in is known at the next request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.http.conftest import Client
from tests.http.events.sending import OK, aside, of, send, track, types


@pytest.mark.parametrize(
    ("call", "body", "type"),
    [
        ("track", {"event": "Order Completed"}, "order"),
        ("t", {"event": "Something Else"}, "track"),
        ("page", {"name": "Home"}, "page"),
        ("p", {}, "page"),
        ("screen", {"name": "Cart"}, "screen"),
        ("s", {}, "screen"),
        ("group", {"groupId": "g-1"}, "group"),
        ("g", {"groupId": "g-1"}, "group"),
    ],
)
def test_a_call_and_its_short_form_are_remembered_as_what_they_mean(
    client: Client, call: str, body: dict[str, Any], type: str
) -> None:
    reply = send(client, call, {"userId": "c-1", "messageId": "m-1", **body})
    assert (reply.status, reply.body) == (200, OK)
    assert types(client) == [type]


@pytest.mark.parametrize("call", ["batch", "b"])
def test_a_batch_mixes_calls_and_customers(client: Client, call: str) -> None:
    batch = [
        {"type": "track", "event": "Product Viewed", "userId": "c-1"},
        {"type": "page", "userId": "c-2"},
        {"type": "identify", "userId": "c-1", "traits": {"plan": "plus"}},
        {"type": "track", "event": "Product Added", "userId": "c-1"},
    ]
    assert send(client, call, {"batch": batch}).body == OK
    assert types(client) == ["product-view", "cart-add"]
    assert of(client)["attributes"] == {"plan": "plus"}
    assert types(client, "c-2") == ["page"]


def test_declared_traits_are_set_and_the_others_are_counted(client: Client) -> None:
    traits = {"plan": "plus", "firstName": "Ana", "shoeSize": 38, "visits": 4}
    assert send(client, "identify", {"userId": "c-1", "traits": traits}).body == OK
    assert of(client)["attributes"] == {"plan": "plus", "first_name": "Ana", "visits": 4}
    metrics = client.call("GET", "/metrics").body.decode()
    assert "teller_event_traits_ignored_total 1.0" in metrics


def test_a_null_trait_is_forgotten(client: Client) -> None:
    send(client, "identify", {"userId": "c-1", "traits": {"plan": "plus", "visits": 4}})
    send(client, "identify", {"userId": "c-1", "traits": {"plan": None}})
    assert of(client)["attributes"] == {"visits": 4}


def test_traits_told_earlier_do_not_replace_later_ones(client: Client) -> None:
    now = datetime.now(UTC)
    for plan, ago in (("plus", 1), ("basic", 10)):
        at = (now - timedelta(minutes=ago)).isoformat()
        body = {"userId": "c-1", "traits": {"plan": plan}, "timestamp": at}
        send(client, "identify", {**body, "sentAt": now.isoformat()})
    assert of(client)["attributes"] == {"plan": "plus"}


def test_the_catalogue_says_which_events_set_attributes(client: Client) -> None:
    track(client, "Plan Changed", properties={"to": {"plan": "fibre"}})
    assert of(client)["attributes"] == {"plan": "fibre"}
    assert types(client) == ["plan-change"]


def test_a_fault_points_at_what_was_sent_not_at_the_attribute_it_sets(client: Client) -> None:
    track(client, "Plan Changed", properties={"to": {"plan": "gold"}})
    traits = {"firstName": 5, "plan": "gold"}
    send(client, "identify", {"userId": "c-1", "traits": traits})
    send(client, "identify", {"userId": "c-1", "traits": {"first_name": 5}})
    mapped, both, own = aside(client)
    assert mapped.startswith("/properties/to/plan: must be one of")
    assert "/traits/firstName: " in both
    assert "/traits/plan: " in both
    assert own.startswith("/traits/first_name: ")


def test_the_record_keeps_the_events_own_name_and_what_it_held(client: Client) -> None:
    products = [{"sku": "a-1"}]
    properties = {"total": 12.5, "products": products, "coupons": ["x"], "none": None}
    track(client, "Order Completed", properties=properties, messageId="m-1")
    exported = client.call("GET", "/v1/customers/c-1/export").body
    assert b'"Order Completed"' in exported
    assert b"a-1" in exported


def test_unsubscribed_ends_marketing_at_the_very_next_request(client: Client) -> None:
    client.consenting()
    assert client.decide().json()["placements"][0]["fallback"] is False
    track(client, "Unsubscribed", timestamp="2001-01-01T00:00:00Z")
    assert client.decide().json()["placements"][0]["fallback"] is True
    assert of(client)["consent"]["marketing"]["status"] == "denied"
    assert "personalisation" not in of(client)["consent"]


def test_unsubscribed_holds_though_the_decision_it_names_is_not_known(client: Client) -> None:
    client.consenting()
    track(client, "Unsubscribed", properties={"decision_id": "f" * 32, "action": "fibre-upgrade"})
    assert client.decide().json()["placements"][0]["fallback"] is True


def test_a_no_as_an_outcome_holds_though_the_decision_it_names_is_not_known(client: Client) -> None:
    client.consenting()
    track(client, "List Left", properties={"decision_id": "f" * 32, "action": "fibre-upgrade"})
    assert client.decide().json()["placements"][0]["fallback"] is True
    assert of(client)["consent"]["marketing"]["status"] == "denied"
    assert aside(client) == []


@pytest.mark.parametrize("agent", ["Googlebot/2.1", "Firefox"])
def test_a_no_as_an_outcome_that_cannot_be_read_is_never_acknowledged(
    client: Client, agent: str
) -> None:
    no = {"userId": "c-1", "event": "List Left", "timestamp": "yesterday"}
    reply = send(client, "track", {**no, "context": {"userAgent": agent}})
    assert reply.status == 422
    assert len(aside(client)) == 1


def test_an_event_that_names_its_decision_is_its_outcome(client: Client) -> None:
    decision = client.decide(client.consenting()).json()["decision_id"]
    track(
        client, "Promotion Clicked", properties={"decisionId": decision, "action": "fibre-upgrade"}
    )
    assert types(client) == ["click"]


def test_a_batchs_context_holds_for_events_without_their_own(client: Client) -> None:
    batch = [
        {"type": "identify", "userId": "c-1"},
        {"type": "identify", "userId": "c-2", "context": {"traits": {"plan": "fibre"}}},
        "no event",
        {"type": "identify", "userId": "c-3", "context": "odd"},
    ]
    send(client, "batch", {"batch": batch, "context": {"traits": {"plan": "plus"}}})
    assert of(client, "c-1")["attributes"] == {"plan": "plus"}
    assert of(client, "c-2")["attributes"] == {"plan": "fibre"}
    assert len(aside(client)) == 2


def test_a_yes_sent_once_more_does_not_undo_an_earlier_dated_unsubscribed(client: Client) -> None:
    said = {"status": "granted", "at": datetime.now(UTC).isoformat()}
    yes = {"attributes": {"plan": "basic"}, "consent": {"marketing": said}}
    client.call("PATCH", "/v1/customers/c-1", yes)
    track(client, "Unsubscribed", timestamp="2001-01-01T00:00:00Z")
    client.call("PATCH", "/v1/customers/c-1", yes)
    assert of(client)["consent"]["marketing"]["status"] == "denied"
