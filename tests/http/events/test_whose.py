"""Whose an event is: visitors become customers, and nobody takes another's name."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tests.http.conftest import PUBLISHABLE, Client
from tests.http.events.sending import OK, anonymous, aside, of, send, types


def test_what_a_visitor_did_is_theirs_once_they_are_known(client: Client) -> None:
    send(client, "track", {"anonymousId": "a-1", "event": "Product Viewed"})
    send(
        client, "identify", {"anonymousId": "a-1", "userId": "c-1", "traits": {"email": "Ana@X.pt"}}
    )
    send(client, "track", {"anonymousId": "a-1", "event": "Product Added"})
    document = anonymous(client, "a-1")
    assert sorted(one["type"] for one in document["recent"]) == ["cart-add", "product-view"]
    assert document["identities"] == ["anonymous:a-1", "email:ana@x.pt"]
    by_id = of(client, "c-1")
    assert by_id["recent"] == document["recent"]


def test_an_identify_said_again_costs_one_question_more_than_any_other_event(
    client: Client, server_url: str
) -> None:
    link = {"userId": "c-1", "anonymousId": "a-1", "traits": {"email": "ana@x.pt", "visits": 1}}
    send(client, "identify", link)

    def asked(call: str, body: dict[str, Any]) -> int:
        with redis.Redis.from_url(server_url) as server:
            server.config_resetstat()
            assert send(client, call, body).body == OK
            return int(server.info("commandstats")["cmdstat_evalsha"]["calls"])

    assert (asked("identify", link), asked("page", {"userId": "c-1"})) == (3, 2)


def test_links_and_events_of_one_batch_find_each_other(client: Client) -> None:
    batch = [
        {"type": "track", "event": "Product Viewed", "anonymousId": "a-1"},
        {"type": "alias", "userId": "c-1", "previousId": "a-1"},
        {"type": "track", "event": "Product Added", "userId": "c-1"},
    ]
    assert send(client, "batch", {"batch": batch}).body == OK
    assert sorted(types(client)) == ["cart-add", "product-view"]
    assert aside(client) == []


def test_an_alias_tries_a_customers_id_after_an_anonymous_one(client: Client) -> None:
    send(client, "track", {"userId": "old", "event": "Product Viewed"})
    assert send(client, "alias", {"userId": "new", "previousId": "old"}).body == OK
    assert types(client, "new") == types(client, "old") == ["product-view"]
    assert of(client, "new")["customer_id"] == of(client, "old")["customer_id"]


def test_a_visitor_who_takes_a_customers_id_for_a_name_is_merged_with_nobody(
    client: Client,
) -> None:
    send(client, "track", {"userId": "victim", "event": "Product Viewed"})
    send(client, "track", {"anonymousId": "victim", "event": "Product Added"}, PUBLISHABLE)
    assert send(client, "alias", {"userId": "c-1", "previousId": "victim"}).body == OK
    (reason,) = aside(client)
    assert "does not tell who is meant" in reason
    assert client.call("GET", "/v1/customers/c-1").status == 404
    assert types(client, "victim") == ["product-view"]
    assert anonymous(client, "victim")["customer_id"] != "victim"


def test_an_alias_of_a_customer_with_themselves_lets_no_page_write_of_them(client: Client) -> None:
    send(client, "track", {"userId": "c-1", "event": "Product Viewed"})
    assert send(client, "alias", {"userId": "c-1", "previousId": "c-1"}).body == OK
    send(client, "track", {"anonymousId": "c-1", "event": "Product Added"}, PUBLISHABLE)
    assert types(client) == ["product-view"]
    assert of(client)["identities"] == []
    assert aside(client) == []


@pytest.mark.parametrize("name", ["c-1", "c-2"])
def test_an_alias_of_two_customers_lets_no_page_write_of_them_by_an_id(
    client: Client, name: str
) -> None:
    for customer in ("c-1", "c-2"):
        send(client, "track", {"userId": customer, "event": "Product Viewed"})
    assert send(client, "alias", {"userId": "c-2", "previousId": "c-1"}).body == OK
    assert of(client, "c-2")["customer_id"] == "c-1"
    send(client, "track", {"anonymousId": name, "event": "Product Added"}, PUBLISHABLE)
    assert types(client) == ["product-view", "product-view"]


def test_traits_are_the_customers_whoever_shares_the_device_or_the_phone(client: Client) -> None:
    for user in range(4):  # one over the limit
        for identity in ("anonymous:tablet", "email:family@x.pt"):
            client.call("POST", f"/v1/customers/p-{user}/identities", {"identity": identity})
    traits = {"visits": 7, "email": "family@x.pt"}
    event = {"userId": "c-1", "anonymousId": "tablet", "traits": traits}
    assert send(client, "identify", event).body == OK
    assert aside(client) == []
    assert of(client, "c-1")["attributes"] == {"visits": 7}
    assert of(client, "c-1")["identities"] == []
    send(client, "identify", {"anonymousId": "tablet", "traits": {"visits": 8}})
    assert len(aside(client)) == 1  # it says of nobody


def test_two_named_customers_of_one_device_stay_two(client: Client) -> None:
    for user in ("c-1", "c-2"):
        send(client, "identify", {"userId": user, "anonymousId": "tablet", "traits": {"visits": 1}})
    assert of(client, "c-1")["customer_id"] == "c-1"
    assert of(client, "c-2")["customer_id"] == "c-2"
    assert anonymous(client, "tablet")["customer_id"] == "c-1"


def test_two_named_customers_stay_two_though_the_device_was_known_before_either(
    client: Client,
) -> None:
    send(client, "page", {"anonymousId": "tab-1"})
    for user in ("ana", "rui"):
        send(client, "identify", {"userId": user, "anonymousId": "tab-1", "traits": {"visits": 1}})
    assert "ana" in anonymous(client, "tab-1")["merged"]
    assert of(client, "rui")["customer_id"] == "rui"
