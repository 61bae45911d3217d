"""Deciding over HTTP: answers, retries, replay, and what holds when the store is away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from engine.partitions import partition_of
from engine.store.keys import decision_key, log_key
from tests.http.conftest import Client


def test_a_consenting_customer_gets_the_offer_with_its_numbers_and_a_token(client: Client) -> None:
    reply = client.decide(client.consenting(first_name="Ana"))

    assert reply.status == 200
    (placement,) = reply.json()["placements"]
    (action,) = placement["actions"]
    assert placement["fallback"] is False
    assert action["content"] == {"headline": "Ana, go fibre"}
    assert action["selection_probability"] == 1.0
    assert action["priority"] == action["propensity"] * action["value"] == 6.0
    assert action["token"]
    assert action["reasons"]
    assert reply.json()["degraded"] is None


def test_an_unknown_customer_has_given_no_consent_and_gets_the_fallback(client: Client) -> None:
    reply = client.decide("never-seen", explain="full").json()

    assert reply["placements"] == [
        {"id": "home.hero", "fallback": True, "content": {"headline": "Welcome"}, "actions": []}
    ]
    first = {row["action"]: (row["stage"], row["code"]) for row in reply["candidates"]}
    assert first["fibre-upgrade"] == ("consent", "consent-unknown")
    assert first.keys() == {"fibre-upgrade", "help"}


def test_every_reply_carries_a_request_id_and_its_timing(client: Client) -> None:
    for path in ("/healthz", "/v1/catalogue", "/nowhere"):
        reply = client.call("GET", path, headers={"X-Request-Id": "mine-1"})
        assert reply.headers["x-request-id"] == "mine-1"
        assert reply.headers["server-timing"].startswith("total;dur=")


def test_a_capped_offer_is_not_made_a_third_time_in_a_day(client: Client) -> None:
    customer = client.consenting()
    answers = [client.decide(customer).json()["placements"][0]["fallback"] for _ in range(4)]
    assert answers == [False, False, True, True]


def test_a_cap_holds_under_concurrent_requests(client: Client) -> None:
    customer = client.consenting()
    with ThreadPoolExecutor(8) as pool:
        replies = [one.json() for one in pool.map(lambda _: client.decide(customer), range(16))]
    assert sum(not reply["placements"][0]["fallback"] for reply in replies) == 2


def test_a_retry_with_its_request_id_is_answered_with_the_same_decision(client: Client) -> None:
    customer = client.consenting()
    first = client.decide(customer, request_id="r-1", explain="full")
    again = client.decide(customer, request_id="r-1", explain="full")
    assert again.body == first.body
    state = client.application.customers.view(customer)
    assert state.revision == 2


def test_a_request_id_with_another_body_is_a_conflict(client: Client) -> None:
    customer = client.consenting()
    client.decide(customer, request_id="r-1")
    reply = client.decide(customer, request_id="r-1", context={"page": "/other"})
    assert (reply.status, reply.json()["code"]) == (409, "body-mismatch")
    assert "the Idempotency-Key header" in reply.json()["detail"]


def test_the_idempotency_key_header_is_the_request_id(client: Client) -> None:
    customer = client.consenting()
    body = {"customer": {"id": customer}, "channel": "web", "placements": [{"id": "home.hero"}]}
    header = {"Idempotency-Key": "k-1"}
    first = client.call("POST", "/v1/decisions", body, header)
    assert client.call("POST", "/v1/decisions", body, header).body == first.body
    both = client.call("POST", "/v1/decisions", {**body, "request_id": "k-2"}, header)
    assert both.status == 422
    assert both.json()["errors"][0]["pointer"] == "/request_id"


@pytest.mark.parametrize("key", ["", " ", "encomenda-\u00e9", "k\t1", "k" * 257])
def test_an_idempotency_key_that_cannot_be_kept_is_refused_and_never_passed_over(
    client: Client, key: str
) -> None:
    """As `teller serve`'s server has it, a header that is not ASCII comes empty."""
    body = {"customer": {"id": "c-1"}, "channel": "web", "placements": [{"id": "home.hero"}]}
    reply = client.call("POST", "/v1/decisions", body, {"Idempotency-Key": key})
    assert (reply.status, reply.json()["code"]) == (422, "invalid-request")
    assert "Idempotency-Key header" in reply.json()["detail"]


def test_a_preview_shows_what_would_be_offered_and_commits_nothing(client: Client) -> None:
    customer = client.consenting()
    for _ in range(3):
        reply = client.decide(customer, mode="preview").json()
        assert reply["placements"][0]["fallback"] is False
    assert client.application.customers.view(customer).revision == 1
    assert client.call("GET", f"/v1/decisions/{reply['decision_id']}").status == 404


def test_asking_again_within_the_hold_returns_the_same_decision(client: Client) -> None:
    customer = client.consenting()
    body = {"customer": {"id": customer}, "channel": "agent", "placements": [{"id": "agent.next"}]}
    first = client.call("POST", "/v1/decisions", body)
    assert first.json()["placements"][0]["actions"]
    assert client.call("POST", "/v1/decisions", body).body == first.body


def test_a_held_decision_is_explained_as_it_is_asked_for_now(client: Client) -> None:
    customer = client.consenting()
    ask = {"placement": "agent.next", "channel": "agent"}
    first = client.decide(customer, **ask, explain="none").json()
    full = client.decide(customer, **ask, explain="full").json()
    assert full["decision_id"] == first["decision_id"]
    assert "reasons" not in first["placements"][0]["actions"][0]
    assert full["placements"][0]["actions"][0]["reasons"]
    assert full["candidates"] == []


def test_a_stored_decision_tells_every_candidate_and_replays_identically(client: Client) -> None:
    decision = client.decide(client.consenting()).json()
    path = f"/v1/decisions/{decision['decision_id']}"

    told = client.call("GET", path).json()
    assert [row["action"] for row in told["decision"]["candidates"]] == ["help"]
    assert told["decision"]["placements"] == decision["placements"]

    replayed = client.call("POST", f"{path}/replay").json()
    assert replayed["identical"] is True
    assert replayed["differences"] == []


def test_a_decision_replays_identically_after_the_catalogue_changed(client: Client) -> None:
    decision = client.decide(client.consenting()).json()
    file = client.catalogue / "catalogue.yaml"
    file.write_text(file.read_text().replace("value: 120.0", "value: 7.0"))
    client.application.served.look()
    client.application.served.look()

    assert client.decide("c-1").json()["versions"] != decision["versions"]
    replayed = client.call("POST", f"/v1/decisions/{decision['decision_id']}/replay").json()
    assert replayed["identical"] is True


def test_a_decision_nobody_made_is_not_found(client: Client) -> None:
    for path in ("/v1/decisions/nope", "/v1/decisions/" + "0" * 32):
        reply = client.call("GET", path)
        assert (reply.status, reply.json()["code"]) == (404, "not-found")


def test_a_decision_whose_record_nobody_can_read_is_as_one_no_longer_kept(
    client: Client, server_url: str
) -> None:
    customer = client.consenting()
    decision = client.decide(customer, request_id="r-1").json()["decision_id"]
    partition = partition_of(customer)
    with redis.Redis.from_url(server_url) as server:
        entry = server.xadd(log_key(partition), {"r": b"\x93\xffgarbage"})
        server.set(decision_key(partition, decision), entry + b" " + customer.encode())

    again = client.decide(customer, request_id="r-1")
    assert (again.status, again.json()["degraded"]) == (200, "state-unknown")
    assert client.call("GET", f"/v1/decisions/{decision}").status == 404
    answer = {"id": "m-1", "decision_id": decision, "action": "fibre-upgrade", "outcome": "accept"}
    assert len(client.tell(answer).json()["rejected"]) == 1
