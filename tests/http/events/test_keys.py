"""Write keys: where they stand, and what each may write."""

from __future__ import annotations

import gzip
from base64 import b64encode

import msgspec
import pytest

from tests.http.conftest import PUBLISHABLE, SECRET, Client
from tests.http.events.sending import OK, anonymous, aside, basic, of, send, types


def test_the_write_key_is_found_in_each_of_its_three_places(client: Client) -> None:
    body = {"userId": "c-1", "event": "x"}
    bare = {"Authorization": ""}
    assert client.call("POST", "/v1/t", body, basic(SECRET)).status == 200
    assert client.call("POST", "/v1/t", {**body, "writeKey": SECRET}, bare).status == 200
    assert client.call("POST", f"/v1/t?writeKey={SECRET}", body, bare).status == 200


def test_a_wrong_write_key_is_refused_wherever_it_stands(client: Client) -> None:
    body = {"userId": "c-1", "event": "x"}
    with_password = {"Authorization": "Basic " + b64encode(f"{SECRET}:x".encode()).decode()}
    for headers, sent, query in (
        ({"Authorization": ""}, body, ""),
        (basic("pk_wrong_0123456789"), {**body, "writeKey": SECRET}, f"?writeKey={SECRET}"),
        ({"Authorization": ""}, {**body, "writeKey": "no"}, f"?writeKey={SECRET}"),
        ({"Authorization": ""}, body, "?writeKey=no"),
        (with_password, body, ""),
        ({"Authorization": "Basic %%%"}, body, ""),
        ({"Authorization": f"Bearer {SECRET}"}, {**body, "writeKey": SECRET}, ""),
    ):
        reply = client.call("POST", f"/v1/track{query}", sent, headers)
        assert (reply.status, reply.json()["code"]) == (401, "unauthenticated")
        assert reply.json()["message"]
    assert client.call("GET", "/v1/customers/c-1").status == 404


def test_a_publishable_key_writes_of_an_anonymous_id_only(client: Client) -> None:
    client.consenting("c-1")
    decision = client.decide("c-1").json()["decision_id"]
    click = {"decision_id": decision, "action": "fibre-upgrade"}
    batch = [
        {"type": "track", "event": "Plan Changed", "userId": "c-1"},
        {"type": "track", "event": "Promotion Clicked", "userId": "c-1", "anonymousId": "a-1",
         "properties": click},
        {"type": "track", "event": "Plan Changed", "anonymousId": "a-1",
         "properties": {"to": {"plan": "fibre"}}},
        {"type": "identify", "userId": "c-1", "anonymousId": "a-1", "traits": {"plan": "fibre"}},
        {"type": "alias", "userId": "c-1", "previousId": "a-1"},
    ]  # fmt: skip
    assert send(client, "batch", {"batch": batch}, PUBLISHABLE).body == OK

    assert of(client, "c-1")["attributes"] == {"plan": "basic"}
    assert of(client, "c-1")["recent"] == []
    visitor = anonymous(client, "a-1")
    assert visitor["customer_id"] != "c-1"
    assert visitor["attributes"] == {}
    assert [one["type"] for one in visitor["recent"]] == ["plan-change", "promotion-click"]
    assert len(aside(client)) == 1
    metrics = client.call("GET", "/metrics").body.decode()
    assert 'teller_events_total{result="refused"} 2.0' in metrics


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_the_bytes_are_read_whatever_the_headers_call_them(client: Client, kind: str) -> None:
    body = msgspec.json.encode({"userId": "c-1", "event": "Order Completed", "messageId": "m"})
    headers = {**basic(SECRET), "Content-Type": kind}
    for sent in (body, gzip.compress(body)):
        assert client.call("POST", "/v1/track", sent, headers).body == OK
    assert types(client) == ["order"]
