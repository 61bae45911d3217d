"""What a sender of events must not send: a clear answer, bounded memory, nothing else harmed."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

import api
from engine.errors import Malformed, TooLarge
from engine.wire.batches import MAX_EVENTS
from engine.wire.packed import unpacked
from tests.http.conftest import PUBLISHABLE, SECRET, Client
from tests.http.events.sending import OK, aside, basic, send, types

HOUSE = Path(api.__file__).parent
MEGABYTE = 1024 * 1024
GOOD = {"type": "page", "userId": "c-1"}
ORIGIN = "https://shop.example"


def bomb(size: int) -> bytes:
    """A gzip of so many blanks: the same block again and again, without an end."""
    pack = zlib.compressobj(9, wbits=-15)
    block = pack.compress(b" " * MEGABYTE) + pack.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + block * (size // MEGABYTE)


MEASURE = """
import io, resource, sys
from engine.errors import TooLarge
from engine.wire.packed import unpacked
packed = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    unpacked(io.BytesIO(packed), 512_000)
except TooLarge:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_bomb_of_two_gigabytes_costs_a_few_megabytes(tmp_path: Path) -> None:
    file = tmp_path / "bomb.gz"
    file.write_bytes(bomb(2 * 1024 * MEGABYTE))
    command = [sys.executable, "-c", MEASURE, str(file)]
    grown = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HOUSE).stdout
    assert int(grown) < 4 * 1024


@pytest.mark.parametrize("cut", [1, 5, -1])
def test_a_gzip_cut_short_or_continued_is_refused(cut: int) -> None:
    packed = gzip.compress(b'{"batch": []}')
    with pytest.raises(Malformed):
        unpacked(io.BytesIO(packed[:-cut] if cut > 0 else packed + b"x"), 1000)


def test_a_body_at_its_limit_passes_and_one_byte_more_does_not() -> None:
    for body in (b"x" * 100, gzip.compress(b"x" * 100)):
        assert unpacked(io.BytesIO(body), 100) == b"x" * 100
        with pytest.raises(TooLarge):
            unpacked(io.BytesIO(body), 99)


@pytest.mark.parametrize("size", [128 * MEGABYTE, 2048 * MEGABYTE])
def test_a_bomb_over_http_is_answered_clearly_and_harms_nobody(client: Client, size: int) -> None:
    reply = client.call("POST", "/v1/batch", bomb(size), basic(SECRET))
    assert (reply.status, reply.json()["code"]) == (413, "too-large")
    assert reply.json()["message"] == "the body is over 512,000 bytes: send it in smaller ones"
    assert send(client, "page", GOOD).body == OK


def test_a_body_of_five_megabytes_is_too_large(client: Client) -> None:
    event = {"userId": "c-1", "event": "x", "properties": {"a": "x" * 5_000_000}}
    try:
        reply = send(client, "track", event)
    except ConnectionError:
        return  # closed while we were still sending, as the contract allows
    assert (reply.status, reply.json()["code"]) == (413, "too-large")


def test_a_batch_that_takes_its_time_is_no_contention(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.services.intake.settling.PATIENCE", 0.0)
    batch = [{"type": "page", "userId": f"c-{n}"} for n in range(300)]
    assert send(client, "batch", {"batch": batch}).body == OK
    assert types(client, "c-299") == ["page"]


def test_a_batch_of_ten_thousand_is_refused_whole(client: Client) -> None:
    reply = send(client, "batch", {"batch": [{"type": "page", "userId": "c"}] * 10_000})
    assert reply.status == 422
    assert f"{MAX_EVENTS:,}" in reply.json()["message"]
    assert client.call("GET", "/v1/customers/c").status == 404


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"userId": "x" * 100_000}, "is over 32,768 bytes"),
        ({"userId": "x" * 300}, "/userId: "),
        ({"userId": "a\0b"}, "/userId: must hold no NUL"),
        ({"userId": "c-2", "properties": {"a": "a\0b"}}, "/properties/a: must hold no NUL"),
        ({"userId": "c-2", "properties": {"a": 10**400}}, "/properties/a: must be a number of"),
        ({"userId": "c-2", "timestamp": "yesterday"}, "/timestamp: "),
        ({"userId": None}, "/userId: an event needs"),
        ({"userId": True}, "/userId: "),
        ({"type": "trakc", "userId": "c-2"}, "/type: must be one of"),
        ({"type": "alias", "userId": "c-2"}, "/previousId: "),
        ({"type": "identify", "userId": "c-2", "traits": {"email": "no"}}, "/traits/email: "),
        ("text", ""),
        (None, ""),
        ([], ""),
    ],
    ids=range(14),
)
def test_a_bad_event_is_set_aside_with_its_reason_and_the_others_count(
    client: Client, bad: Any, reason: str
) -> None:
    event = {"type": "page", **bad} if isinstance(bad, dict) else bad
    assert send(client, "batch", {"batch": [event, GOOD]}).body == OK
    (said,) = aside(client)
    assert said.startswith(reason)
    assert types(client) == ["page"]


def test_deep_nesting_is_set_aside(client: Client) -> None:
    deep = b'{"batch": [{"type": "page", "userId": "c-1", "properties": {"a": %s}}]}'
    body = deep % (b"[" * 200 + b"]" * 200)
    assert client.call("POST", "/v1/batch", body, basic(SECRET)).body == OK
    assert "nested deeper" in aside(client)[0]
    deepest = deep % (b"[" * 10_000 + b"]" * 10_000)
    reply = client.call("POST", "/v1/batch", deepest, basic(SECRET))
    assert reply.status in {200, 400}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"batch": 3}', b"{}", b"\x1f\x8b"])
def test_a_body_that_is_no_batch_is_refused_with_code_and_message(
    client: Client, body: bytes
) -> None:
    reply = client.call("POST", "/v1/batch", body, basic(SECRET))
    assert reply.status in {400, 422}
    assert reply.json()["code"]
    assert reply.json()["message"]


def test_the_shelf_keeps_the_latest_and_not_everything(client: Client) -> None:
    batch = [{"type": "page", "n": n} for n in range(2_000)]
    assert send(client, "batch", {"batch": batch}).body == OK
    assert len(aside(client)) < 1_200


def test_a_pages_key_pushes_nothing_of_another_source_off_the_shelf(client: Client) -> None:
    send(client, "batch", {"batch": [{"type": "page", "n": "ours"}]})
    for _ in range(2):
        send(client, "batch", {"batch": [{"type": "page"}] * 1_000}, PUBLISHABLE)
    first, *others = client.application.events.set_aside()
    assert "ours" in first.event
    assert 1_000 <= len(others) < 1_200
    assert client.application.events.forget([first.id, "typo", others[0].id]) == 2
    assert len(client.application.events.set_aside()) == len(others) - 1


def test_an_event_too_large_leaves_its_reason_and_the_others_of_its_batch_count(
    client: Client,
) -> None:
    large = {"type": "page", "userId": "c-2", "properties": {"a": "canary" * 6_000}}
    shared = {"type": "page", "userId": "c-2", "properties": {"a": "x" * 20_000}}
    assert send(client, "batch", {"batch": [large, GOOD]}).body == OK
    context = {"traits": {"b": "y" * 20_000}}
    assert send(client, "batch", {"batch": [shared], "context": context}).body == OK
    for one in client.application.events.set_aside():
        assert one.reason.startswith("is over 32,768 bytes")
        assert one.event == ""
    assert len(aside(client)) == 2
    assert types(client) == ["page"]
    assert client.call("GET", "/v1/customers/c-2").status == 404
    again = client.application.events.again(())
    assert (again.taken, again.left) == (0, 2)
    alone = send(client, "page", {"userId": "c-2", "properties": large["properties"]})
    assert (alone.status, alone.json()["code"]) == (413, "too-large")


def test_a_page_of_an_allowed_origin_may_ask_and_send(client: Client) -> None:
    asked = "authorization,content-type,x-retry-count,anonymousid,sentat,rsa-x,x-other"
    headers = {"Origin": ORIGIN, "Access-Control-Request-Headers": asked, "Authorization": ""}
    reply = client.call("OPTIONS", "/v1/t", None, headers)
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == ORIGIN
    allowed = set(reply.headers["access-control-allow-headers"].split(", "))
    assert allowed == set(asked.split(",")) - {"x-other"}
    assert "access-control-allow-credentials" not in reply.headers
    body = {"anonymousId": "a", "writeKey": PUBLISHABLE}
    sent = client.call("POST", "/v1/p", body, {"Origin": ORIGIN, "Authorization": ""})
    assert sent.headers["access-control-allow-origin"] == ORIGIN
    assert sent.headers["vary"] == "Origin"


def test_a_page_of_another_origin_may_not(client: Client) -> None:
    for origin in ("https://evil.example", "null", "https://shop.example.evil"):
        reply = client.call("OPTIONS", "/v1/t", None, {"Origin": origin})
        assert "access-control-allow-origin" not in reply.headers
    headers = {"Origin": ORIGIN}
    assert (
        "access-control-allow-origin"
        not in client.call("POST", "/v1/decisions", {}, headers).headers
    )


def test_analytics_js_reads_its_settings(client: Client) -> None:
    reply = client.call(
        "GET", f"/v1/projects/{PUBLISHABLE}/settings", headers={"Authorization": ""}
    )
    assert reply.json() == {"integrations": {"Segment.io": {"apiKey": PUBLISHABLE}}}
    assert client.call("GET", "/v1/projects/pk_no/settings").status == 404
    assert client.call("GET", f"/v1/projects/{SECRET}/settings").status == 404


@pytest.mark.parametrize(
    "odd", [b'"\xff"', b"9" * 5_000, b'{"a": "\xff"}'], ids=["text", "number", "inner"]
)
@pytest.mark.parametrize("shared", [b"{}", b'{"locale": "pt"}'], ids=["own", "shared"])
def test_bytes_that_are_no_text_and_endless_numbers_set_one_event_aside(
    client: Client, odd: bytes, shared: bytes
) -> None:
    event = b'{"type": "page", "userId": "c-2", "properties": {"p": %s}}' % odd
    body = b'{"batch": [%s, {"type": "page", "userId": "c-1"}], "context": %s}' % (event, shared)
    assert client.call("POST", "/v1/batch", body, basic(SECRET)).body == OK
    assert len(aside(client)) == 1
    assert types(client) == ["page"]


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        (rb"cut \ud83d", "cut \ufffd"),
        (rb"\uDE00\ud83d\ude00", "\ufffd\U0001f600"),
        (rb"no \\ud83d escape", "no \\ud83d escape"),
    ],
)
def test_a_text_cut_within_an_emoji_neither_stops_its_batch_nor_its_event(
    client: Client, sent: bytes, held: str
) -> None:
    cut = b'{"type": "identify", "userId": "c-1", "traits": {"first_name": "%s"}}' % sent
    whose = b'{"type": "page", "userId": "\\udc00"}'
    body = b'{"batch": [%s, %s, {"type": "page", "userId": "c-2"}]}' % (cut, whose)
    assert client.call("POST", "/v1/batch", body, basic(SECRET)).body == OK
    assert client.call("GET", "/v1/customers/c-1").json()["attributes"] == {"first_name": held}
    assert types(client, "c-2") == ["page"]
    assert [reason[:8] for reason in aside(client)] == ["/userId:"]


def test_a_large_context_is_not_held_once_for_each_of_many_events(client: Client) -> None:
    batch = [{"type": "page", "userId": "c-1"}] * 2_000
    body = {"batch": batch, "context": {"a": "x" * 20_000}}
    reply = send(client, "batch", body)
    assert reply.status == 422
    assert "/context" in str(reply.json())
    assert send(client, "batch", body, "pk_wrong_0123456789").status == 401


def test_a_body_with_an_endless_number_for_a_key_is_refused(client: Client) -> None:
    body = b'{"userId": "c-1", "writeKey": %s}' % (b"9" * 5_000)
    assert client.call("POST", "/v1/page", body, {"Authorization": ""}).status == 400
