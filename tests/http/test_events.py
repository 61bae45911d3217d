"""Events of Segment's and RudderStack's SDKs: what comes in is known at the next request."""

from __future__ import annotations

import gzip
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from engine.codec import pack_names
from engine.identity import MOST_NAMES
from engine.partitions import partition_of
from engine.store import Store, keys
from tests.http.catalogue import CATALOGUE
from tests.http.conftest import PUBLISHABLE, SECRET, Client, Reply
from tests.store.builders import change

EVENTS = """
events:
  Plan Changed: {type: plan-change, attributes: {plan: to.plan}}
  Ticket Opened: {type: ticket, topic: complaint, status: open}
  Ticket Closed: {type: ticket, topic: complaint, status: closed}
  identify: {attributes: {first_name: firstName}}
"""
OK = b'{"success": true}'


@pytest.fixture
def catalogue_directory(tmp_path: Path) -> Path:
    directory = tmp_path / "catalogue"
    directory.mkdir()
    text = CATALOGUE + EVENTS
    (directory / "catalogue.yaml").write_text(text)
    return directory


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}


def send(client: Client, call: str, body: Any, key: str = SECRET) -> Reply:
    return client.call("POST", f"/v1/{call}", body, basic(key))


def track(client: Client, event: str, key: str = SECRET, **more: Any) -> Reply:
    reply = send(client, "track", {"userId": "c-1", "event": event, **more}, key)
    assert (reply.status, reply.body) == (200, OK)
    return reply


def of(client: Client, customer: str = "c-1") -> Any:
    return client.call("GET", f"/v1/customers/{customer}").json()


def types(client: Client, customer: str = "c-1") -> list[str]:
    return [one["type"] for one in reversed(of(client, customer)["recent"])]


def anonymous(client: Client, name: str) -> Any:
    return client.call("GET", f"/v1/customers?identity=anonymous:{name}").json()


def aside(client: Client) -> list[str]:
    return [one.reason for one in client.application.events.set_aside()]


# ── what they mean ───────────────────────────────────────────────────────────────────


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


def test_an_event_that_names_its_decision_is_its_outcome(client: Client) -> None:
    decision = client.decide(client.consenting()).json()["decision_id"]
    track(
        client, "Promotion Clicked", properties={"decisionId": decision, "action": "fibre-upgrade"}
    )
    assert types(client) == ["click"]


def test_an_outcome_of_a_decision_never_made_is_set_aside(client: Client) -> None:
    track(
        client, "Promotion Clicked", properties={"decision_id": "f" * 32, "action": "fibre-upgrade"}
    )
    assert aside(client) == [
        "this customer has no such decision; it may be older than the record goes"
    ]


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


# ── once, and when ───────────────────────────────────────────────────────────────────


def test_a_message_counts_once_however_often_it_is_sent(client: Client) -> None:
    body = {"type": "track", "event": "Order Completed", "userId": "c-1", "messageId": "m-1"}
    send(client, "batch", {"batch": [body, body]})
    send(client, "batch", {"batch": [{**body, "context": {"retry": 2}}]})
    send(client, "track", body)
    assert types(client) == ["order"]


def test_the_same_message_id_of_another_source_is_another_message(client: Client) -> None:
    send(client, "page", {"anonymousId": "a-1", "messageId": "m-1"})
    send(client, "page", {"anonymousId": "a-1", "messageId": "m-1"}, PUBLISHABLE)
    assert len(anonymous(client, "a-1")["recent"]) == 2


@pytest.mark.parametrize("years", [-1, 1])
def test_a_senders_clock_may_be_a_year_off(client: Client, years: int) -> None:
    now = datetime.now(UTC)
    theirs = now + timedelta(days=365 * years)
    original = (theirs - timedelta(hours=2)).isoformat()
    track(client, "Order Completed", sentAt=theirs.isoformat(), originalTimestamp=original)
    at = datetime.fromisoformat(of(client)["recent"][0]["at"])
    assert abs(at - (now - timedelta(hours=2))) < timedelta(minutes=1)


def test_nothing_happens_later_than_it_was_received(client: Client) -> None:
    track(client, "Order Completed", timestamp="2099-01-01T00:00:00Z")
    at = datetime.fromisoformat(of(client)["recent"][0]["at"])
    assert at <= datetime.now(UTC) + timedelta(seconds=1)


def test_a_pages_key_tells_of_nothing_long_ago(client: Client) -> None:
    for key, who, then in ((PUBLISHABLE, "page", False), (SECRET, "server", True)):
        said = {"anonymousId": who, "timestamp": "2001-01-02T00:00:00Z"}
        assert send(client, "page", said, key).body == OK
        path = f"/v1/customers/{anonymous(client, who)['customer_id']}/export"
        assert (b"2001-01-02" in client.call("GET", path).body) == then


def test_the_same_delivery_at_once_from_many_retries_counts_once(client: Client) -> None:
    batch = [
        {"type": "track", "event": "Order Completed", "userId": f"c-{n % 3}", "messageId": f"m-{n}"}
        for n in range(30)
    ]
    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda _: send(client, "batch", {"batch": batch}), range(6)))
    assert {reply.body for reply in replies} == {OK}
    metrics = client.call("GET", "/metrics").body.decode()
    assert 'teller_events_total{result="accepted"} 30.0' in metrics
    assert 'teller_events_total{result="duplicate"} 150.0' in metrics
    assert [len(types(client, f"c-{n}")) for n in range(3)] == [10, 10, 10]


# ── whose ────────────────────────────────────────────────────────────────────────────


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


def test_who_has_too_many_devices_keeps_the_traits_of_the_next_and_the_event_is_kept_to_look_at(
    client: Client, store: Store
) -> None:
    send(client, "identify", {"userId": "c-1", "traits": {"visits": 1}})
    full = pack_names([f"cookie:{number}" for number in range(MOST_NAMES)])
    store.commit(change(store.load("c-1"), sections={"identities": full}))
    event = {"userId": "c-1", "anonymousId": "a-1", "traits": {"visits": 2}}
    assert send(client, "identify", event).body == OK
    assert of(client, "c-1")["attributes"] == {"visits": 2}
    (reason,) = aside(client)
    assert f"has {MOST_NAMES} identities" in reason
    refused = client.call("POST", "/v1/customers/c-1/identities", {"identity": "email:a@b.pt"})
    assert (refused.status, refused.json()["code"]) == (409, "customer-full")


def test_who_sends_more_than_a_person_does_is_told_and_nobody_else_is_harmed(
    client: Client, store: Store, server_url: str
) -> None:
    client.consenting("c-1")
    key = keys.seen_keys(partition_of("c-1"), "c-1", store.load("c-1").now)[0]
    with redis.Redis.from_url(server_url) as server:
        server.hset(key, mapping={f"e:x:{number}": b"" for number in range(20_000)})
    batch = [
        {"type": "track", "userId": user, "event": "Product Viewed"} for user in ("c-1", "c-2")
    ]
    assert send(client, "batch", {"batch": batch}).body == OK
    (reason,) = aside(client)
    assert "20,000 things this week" in reason
    assert types(client, "c-2") == ["product-view"]
    told = client.tell({"id": "v-1", "customer": {"id": "c-1"}, "type": "visit"}).json()
    assert "20,000 things" in told["rejected"][0]["reason"]
    assert client.decide("c-1", request_id="r-1").json()["degraded"] == "customer-full"
    assert client.decide("c-1").json()["degraded"] is None


def test_two_named_customers_of_one_device_stay_two(client: Client) -> None:
    for user in ("c-1", "c-2"):
        send(client, "identify", {"userId": user, "anonymousId": "tablet", "traits": {"visits": 1}})
    assert of(client, "c-1")["customer_id"] == "c-1"
    assert of(client, "c-2")["customer_id"] == "c-2"
    assert anonymous(client, "tablet")["customer_id"] == "c-1"


# ── keys ─────────────────────────────────────────────────────────────────────────────


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


# ── bytes ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_the_bytes_are_read_whatever_the_headers_call_them(client: Client, kind: str) -> None:
    body = msgspec.json.encode({"userId": "c-1", "event": "Order Completed", "messageId": "m"})
    headers = {**basic(SECRET), "Content-Type": kind}
    for sent in (body, gzip.compress(body)):
        assert client.call("POST", "/v1/track", sent, headers).body == OK
    assert types(client) == ["order"]


def test_a_user_id_that_no_path_can_name_is_set_aside(client: Client) -> None:
    assert send(client, "track", {"userId": "a/b", "event": "Order Completed"}).body == OK
    (reason,) = aside(client)
    assert reason.startswith("/userId: userId must be UTF-8, without /")


def test_what_cannot_be_taken_in_is_set_aside_and_taken_in_once_it_can(client: Client) -> None:
    batch = [
        {"type": "identify", "userId": "c-1", "traits": {"plan": "gold"}},
        {"type": "track", "userId": "c-1"},
        {"type": "page", "userId": "c-1"},
    ]
    assert send(client, "batch", {"batch": batch}).body == OK
    assert types(client) == ["page"]
    first, second = aside(client)
    assert first.startswith("/traits/plan: must be one of basic, plus, fibre")
    assert second.startswith("/event: ")

    path = client.catalogue / "catalogue.yaml"
    path.write_text(path.read_text().replace("[basic, plus, fibre]", "[basic, plus, fibre, gold]"))
    client.application.served.look()
    client.application.served.look()
    again = client.application.events.again(())
    assert (again.taken, again.left) == (1, 1)
    assert of(client)["attributes"] == {"plan": "gold"}
    assert len(aside(client)) == 1


def test_two_named_customers_stay_two_though_the_device_was_known_before_either(
    client: Client,
) -> None:
    send(client, "page", {"anonymousId": "tab-1"})
    for user in ("ana", "rui"):
        send(client, "identify", {"userId": user, "anonymousId": "tab-1", "traits": {"visits": 1}})
    assert "ana" in anonymous(client, "tab-1")["merged"]
    assert of(client, "rui")["customer_id"] == "rui"


def test_a_yes_sent_once_more_does_not_undo_an_earlier_dated_unsubscribed(client: Client) -> None:
    said = {"status": "granted", "at": datetime.now(UTC).isoformat()}
    yes = {"attributes": {"plan": "basic"}, "consent": {"marketing": said}}
    client.call("PATCH", "/v1/customers/c-1", yes)
    track(client, "Unsubscribed", timestamp="2001-01-01T00:00:00Z")
    client.call("PATCH", "/v1/customers/c-1", yes)
    assert of(client)["consent"]["marketing"]["status"] == "denied"


def test_an_event_of_a_shared_device_is_set_aside_and_the_others_count(client: Client) -> None:
    for number in range(4):
        path, shared = f"/v1/customers/s-{number}/identities", {"identity": "anonymous:tab"}
        client.call("POST", path, shared)
    batch = [{"type": "page", "anonymousId": "tab"}, {"type": "page", "userId": "c-1"}]
    assert send(client, "batch", {"batch": batch}).body == OK
    assert types(client) == ["page"]
    assert len(aside(client)) == 1
