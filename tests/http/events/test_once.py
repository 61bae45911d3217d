"""A message counts once, and happened when it can have happened."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.http.conftest import PUBLISHABLE, SECRET, Client
from tests.http.events.sending import OK, anonymous, of, send, track, types


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
