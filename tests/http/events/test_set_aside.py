"""What cannot be taken in is kept to look at, and harms nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
import redis

from engine.codec import pack_names
from engine.identity import MOST_NAMES
from engine.partitions import partition_of
from engine.store import Store, keys
from tests.http.conftest import Client
from tests.http.events.sending import OK, aside, of, send, track, types
from tests.store.builders import change


def test_an_outcome_of_a_decision_never_made_is_set_aside(client: Client) -> None:
    track(
        client, "Promotion Clicked", properties={"decision_id": "f" * 32, "action": "fibre-upgrade"}
    )
    assert aside(client) == [
        "this customer has no such decision; it may be older than the record goes"
    ]


@pytest.mark.parametrize(
    ("user", "why"), [("a/b", "UTF-8, without /"), (10**300, "1 to 256 characters long")]
)
def test_a_user_id_that_no_path_can_name_is_set_aside(
    client: Client, user: str | int, why: str
) -> None:
    assert send(client, "track", {"userId": user, "event": "Order Completed"}).body == OK
    (reason,) = aside(client)
    assert reason.startswith(f"/userId: userId must be {why}")


@pytest.mark.parametrize("shared", [{}, {"context": {"ip": "10.0.0.1"}}])
@pytest.mark.parametrize("name", ["userId", "\\u0075serId", "anonymousId"])
def test_an_event_that_says_twice_whose_it_is_is_nobody_s(
    client: Client, name: str, shared: dict[str, Any]
) -> None:
    plain = name.replace("\\u0075", "u")
    twice = f'{{"type": "page", "{name}": "c-1", "{plain}": "c-2"}}'
    fine = '{"type": "page", "userId": "c-3"}'
    rest = json.dumps(shared)[1:-1]
    body = f'{{"batch": [{twice}, {fine}]{", " if rest else ""}{rest}}}'
    assert send(client, "batch", body.encode()).body == OK
    (reason,) = aside(client)
    assert reason.endswith("Id: is said more than once")
    assert types(client, "c-3") == ["page"]
    assert {of(client, one)["status"] for one in ("c-1", "c-2")} == {404}


@pytest.mark.parametrize(
    "noes", [b'"Unsubscribed","event":"Product Viewed"', b'"Product Viewed","event":"Unsubscribed"']
)
def test_an_event_that_says_a_no_and_something_else_is_never_taken_for_the_other(
    client: Client, noes: bytes
) -> None:
    granted = {"consent": {"marketing": "granted"}}
    client.call("PATCH", "/v1/customers/c-1", granted)
    reply = send(client, "track", b'{"userId":"c-1","event":%b}' % noes)
    denied = of(client)["consent"]["marketing"]["status"] == "denied"
    assert (reply.status, denied) in ((422, False), (200, True))
    assert len(aside(client)) == 1
    assert types(client) == []


HUGE = b"1" * 5_000
NO = b'"type":"track","userId":"c-1","event":"Unsubscribed"'
OR_NOT = b'"type":"track","userId":"c-1","event":"Unsubscribed","event":"Product Viewed"'


@pytest.mark.parametrize(
    "fault",
    [b'"context":{"n":1e999}', b'"context":{"n":%b}' % HUGE, b'"context":{"n":"\xff"}'],
)
def test_a_no_holds_whatever_cannot_be_read_around_it(client: Client, fault: bytes) -> None:
    client.consenting()
    send(client, "batch", b'{"batch":[{%b,%b}]}' % (NO, fault))
    assert of(client)["consent"]["marketing"]["status"] == "denied"
    assert len(aside(client)) == 1


def test_a_control_character_is_called_so(client: Client) -> None:
    assert send(client, "page", {"userId": "c-1", "name": "a\nb"}).body == OK
    assert aside(client) == ["/name: must hold no control character"]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"timestamp": "yesterday"}, "/timestamp: must be an RFC 3339 time"),
        ({"sentAt": 5}, "/sentAt: must be an RFC 3339 time"),
        ({"properties": [1]}, "/properties: must be an object"),
        ({"name": 5}, "/name: must be text"),
        ({"name": "n" * 257}, "/name: must be at most 256 characters long"),
        ({"anonymousId": []}, "/anonymousId: must be text or a whole number"),
    ],
)
def test_a_field_that_does_not_fit_is_told_in_our_words(
    client: Client, fault: dict[str, object], why: str
) -> None:
    assert send(client, "page", {"userId": "c-1", **fault}).body == OK
    (reason,) = aside(client)
    assert reason.startswith(why)


def test_what_is_no_event_at_all_is_told_in_our_words(client: Client) -> None:
    assert send(client, "batch", {"batch": [5]}).body == OK
    assert aside(client) == ["must be an object"]


@pytest.mark.parametrize("name", [b"1", b"1e999", b'"%b"' % (b"m" * 257), b'["m"]', b'"\\n"'])
def test_a_no_holds_whose_message_id_is_faulty(client: Client, name: bytes) -> None:
    client.consenting()
    reply = send(client, "batch", b'{"batch":[{%b,"messageId":%b}]}' % (NO, name))
    assert (reply.status, reply.body) == (200, OK)
    assert of(client)["consent"]["marketing"]["status"] == "denied"
    assert len(aside(client)) == 1


@pytest.mark.parametrize(
    "event",
    [
        b'%b,"properties":{"n":%b}' % (OR_NOT, HUGE),
        b'%b,"properties":{"n":"\xff"}' % OR_NOT,
        b'"type":"track","event":"Unsubscribed","userId":1e999',
        b'%b,"type":"page"' % NO,
    ],
    ids=["a number too large", "no UTF-8", "an id that is no number", "another call"],
)
def test_what_may_be_a_no_is_never_acknowledged(client: Client, event: bytes) -> None:
    client.consenting()
    assert send(client, "batch", b'{"batch":[{%b}]}' % event).status == 422
    assert len(aside(client)) == 1
    assert types(client) == []


def test_what_may_be_a_no_is_never_acknowledged_however_deep_the_rest_of_it_is(
    client: Client,
) -> None:
    client.consenting()
    for depth in range(900, 1_000):
        deep = b'{"a":' * depth + b"1" + b"}" * depth
        reply = send(client, "batch", b'{"batch":[{%b,"properties":%b}]}' % (OR_NOT, deep))
        denied = of(client)["consent"]["marketing"]["status"] == "denied"
        assert denied or reply.status != 200


def test_a_batch_said_twice_is_refused_whole(client: Client) -> None:
    page = b'[{"type":"page","userId":"c-1"}]'
    reply = send(client, "batch", b'{"batch":%b,"batch":%b}' % (page, page))
    assert reply.status == 422
    assert b"is said more than once" in reply.body
    assert of(client)["status"] == 404


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


@pytest.mark.parametrize("named", [{"messageId": "m-1"}, {}], ids=["by an id", "by nothing"])
def test_a_no_that_was_heard_when_its_event_was_set_aside_undoes_no_later_yes_when_it_is_taken_in(
    client: Client, named: dict[str, str]
) -> None:
    path = client.catalogue / "catalogue.yaml"
    heard = "  Plan Left: {attributes: {plan: to}, opt_out: [marketing]}\n"
    path.write_text(path.read_text() + heard)
    client.application.served.look()
    client.application.served.look()
    client.consenting()
    track(client, "Plan Left", properties={"to": "gold"}, **named)
    assert of(client)["consent"]["marketing"]["status"] == "denied"
    client.call("PATCH", "/v1/customers/c-1", {"consent": {"marketing": "granted"}})

    path.write_text(path.read_text().replace("[basic, plus, fibre]", "[basic, plus, fibre, gold]"))
    client.application.served.look()
    client.application.served.look()
    again = client.application.events.again(())
    assert (again.taken, again.left) == (1, 0)
    assert of(client)["attributes"]["plan"] == "gold"
    assert of(client)["consent"]["marketing"]["status"] == "granted"


@pytest.mark.parametrize("yes", ["said since", "said before", "said to another purpose"])
def test_a_no_set_aside_so_long_ago_that_its_key_is_forgotten_undoes_no_yes_said_since(
    client: Client, server_url: str, yes: str
) -> None:
    """The store knows a key for a week or two; what is set aside may lie longer."""
    client.consenting()
    properties = {"decision_id": "f" * 32, "action": "fibre-upgrade"}
    track(client, "Unsubscribed", properties=properties, timestamp="yesterday")
    purpose = "personalisation" if yes == "said to another purpose" else "marketing"
    at = {"at": "2020-01-01T00:00:00Z"} if yes == "said before" else {}
    said = {"consent": {purpose: {"status": "granted", **at}}}
    client.call("PATCH", "/v1/customers/c-1", said)
    with redis.Redis.from_url(server_url) as server:
        now = int(server.time()[0]) * 1000
        assert server.delete(*keys.all_seen_keys(partition_of("c-1"), "c-1", now))

    client.application.events.again(())
    held = of(client)["consent"]["marketing"]["status"]
    assert held == ("granted" if yes == "said since" else "denied")


def test_an_event_of_a_shared_device_is_set_aside_and_the_others_count(client: Client) -> None:
    for number in range(4):
        path, shared = f"/v1/customers/s-{number}/identities", {"identity": "anonymous:tab"}
        client.call("POST", path, shared)
    batch = [{"type": "page", "anonymousId": "tab"}, {"type": "page", "userId": "c-1"}]
    assert send(client, "batch", {"batch": batch}).body == OK
    assert types(client) == ["page"]
    assert len(aside(client)) == 1


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
