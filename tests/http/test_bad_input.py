"""What a caller must not send: refused with a problem document, quickly, nothing stored."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection
from typing import Any

import pytest
import redis

from tests.http.conftest import PUBLISHABLE, SECRET, Client

_GOOD: dict[str, Any] = {
    "customer": {"id": "c-1"},
    "channel": "web",
    "placements": [{"id": "home.hero"}],
}
_DEEP = b"[" * 10_000 + b"]" * 10_000
_RAW = (
    ("malformed JSON", b'{"customer":', 400, ""),
    ("no body", b"", 400, ""),
    ("a list", b"[]", 422, ""),
    ("nesting", _DEEP, 400, ""),
    ("nested context", b'{"context": {"page": ' + _DEEP + b"}}", 400, ""),
    ("NaN", b'{"context": {"page": NaN}}', 400, "/context/page"),
    ("Infinity", b'{"context": {"page": [1, -Infinity]}}', 400, "/context/page/1"),
    ("a number too large", b'{"context": {"page": 1e999}}', 400, "/context/page"),
    ("an endless number", b'{"context": {"page": ' + b"9" * 5000 + b"}}", 400, "/context/page"),
    ("text that reads NaN", b'{"channel": "NaN", "context": {', 400, ""),
    ("invalid UTF-8", b'{"context": {"page": ["a", "b\xff"]}}', 400, "/context/page/1"),
    ("a name that is no UTF-8", b'{"c\xffhannel": "web"}', 400, "/c\ufffdhannel"),
    ("invalid UTF-8 in what is no JSON", b'{"channel": "\xff', 400, ""),
    ("a lone surrogate", b'{"channel": "\\ud800"}', 400, "/channel"),
    ("NUL", b'{"channel": "a\\u0000b"}', 422, "/channel"),
)
_FIELDS = (
    ({"customer": {"id": "x" * 10_000}}, "/customer/id"),
    ({"customer": {"id": "a\nb"}}, "/customer/id"),
    ({"customer": {"id": ""}}, "/customer/id"),
    ({"customer": {"id": "a/b"}}, "/customer/id"),
    ({"customer": {"id": ".."}}, "/customer/id"),
    ({"customer": {"id": 42}}, "/customer/id"),
    ({"customer": None}, "/customer"),
    ({"customer": {"id": "c", "name": "x"}}, "/customer/name"),
    ({"chanel": "web"}, "/chanel"),
    ({"placements": []}, "/placements"),
    ({"placements": [None]}, "/placements/0"),
    ({"placements": [{"id": "home.hero", "slots": 0}]}, "/placements/0/slots"),
    ({"placements": [{"id": "home.hero", "slots": "2"}]}, "/placements/0/slots"),
    ({"placements": [{"id": "home.hero", "slots": 1.5}]}, "/placements/0/slots"),
    ({"placements": [{"id": "home.hero", "slots": True}]}, "/placements/0/slots"),
    ({"placements": [{"id": "home.hero", "slots": 2}]}, "/placements/0/slots"),
    ({"placements": [{"id": "home.her"}]}, "/placements/0/id"),
    ({"placements": [{"id": "home.hero"}, {"id": "home.hero"}]}, "/placements/1/id"),
    ({"placements": [{"id": "agent.next"}]}, "/channel"),
    ({"channel": "email"}, "/channel"),
    ({"explain": "all"}, "/explain"),
    ({"mode": "dry"}, "/mode"),
    ({"context": {"pgae": "/x"}}, "/context/pgae"),
    ({"context": {"page": 3}}, "/context/page"),
    ({"context": {"page": {"a": 1}}}, "/context/page"),
    ({"context": {"page": None}}, "/context/page"),
    ({"context": {"page": 2**70}}, "/context/page"),
    ({"context": []}, "/context"),
    ({"attributes": {"plan": "gold"}}, "/attributes/plan"),
    ({"attributes": {"a/b~c": 1}}, "/attributes/a~1b~0c"),
    ({"deadline_ms": 0}, "/deadline_ms"),
    ({"request_id": "x" * 257}, "/request_id"),
)


@pytest.mark.parametrize(("what", "body", "status", "pointer"), _RAW, ids=[row[0] for row in _RAW])
def test_what_is_not_json_as_we_take_it_is_refused(
    client: Client, what: str, body: bytes, status: int, pointer: str
) -> None:
    started = time.process_time()  # of the server too, and of nobody else on this machine
    reply = client.call("POST", "/v1/decisions", body)
    took = time.process_time() - started

    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["errors"][0]["pointer"] == pointer
    assert took < 0.1


@pytest.mark.parametrize(("change", "pointer"), _FIELDS, ids=[str(row[1]) for row in _FIELDS])
def test_a_bad_field_is_named_and_nothing_is_stored(
    client: Client, server_url: str, change: dict[str, Any], pointer: str
) -> None:
    with redis.Redis.from_url(server_url) as server:
        before = server.dbsize()
        reply = client.call("POST", "/v1/decisions", {**_GOOD, **change})
        assert server.dbsize() == before

    problem = reply.json()
    assert reply.status == problem["status"] == 422
    assert pointer in [error["pointer"] for error in problem["errors"]]
    assert all(error["detail"] for error in problem["errors"])
    assert all(error["detail"][0].islower() for error in problem["errors"])  # in our words
    assert problem["requestId"] == reply.headers["x-request-id"]
    assert problem["message"] == problem["detail"]
    assert len(reply.body) < 4096


def test_an_empty_id_is_too_short_and_nothing_else(client: Client) -> None:
    reply = client.call("POST", "/v1/decisions", {**_GOOD, "customer": {"id": ""}})
    assert [error["detail"] for error in reply.json()["errors"]] == [
        "must be 1 to 256 characters long"
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        ("PATCH", "", b'{"consent": {"marketing": "denied", "marketing": "granted"}}', "marketing"),
        ("PATCH", "", b'{"consent": {}, "consent": {"marketing": "granted"}}', "consent"),
        ("PATCH", "", b'{"attributes": {"plan": "plus", "pl\\u0061n": "basic"}}', "plan"),
        ("POST", "/identities", b'{"identity": "email:a@b.pt", "identity": "c:d"}', "identity"),
    ],
)  # fmt: skip
def test_a_name_said_twice_is_refused_where_it_may_change_what_is_held_of_somebody(
    client: Client, method: str, path: str, body: bytes, name: str
) -> None:
    reply = client.call(method, f"/v1/customers/c-1{path}", body)
    assert reply.status == 422
    assert f"says '{name}" in reply.json()["detail"]
    assert client.call("GET", "/v1/customers/c-1").status == 404


@pytest.mark.parametrize(
    ("method", "path", "crowd", "pointer"),
    [
        ("POST", "/v1/decisions", {**_GOOD, "placements": [{}] * 300_000}, "/placements"),
        ("POST", "/v1/decisions", {**_GOOD, **dict.fromkeys(map(str, range(80_000)))}, ""),
        ("POST", "/v1/interactions", {"interactions": [1] * 300_000}, "/interactions"),
        ("PATCH", "/v1/customers/c", {"attributes": {"t": [""] * 300_000}}, "/attributes/t"),
    ],
)
def test_what_is_wrong_with_a_crowd_of_values_is_not_looked_for_in_each(
    client: Client, method: str, path: str, crowd: dict[str, Any], pointer: str
) -> None:
    body = json.dumps(crowd, separators=(",", ":")).encode()
    started = time.process_time()
    reply = client.call(method, path, body)
    took = time.process_time() - started

    assert reply.status == 422
    assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]
    assert "holds too many values" in reply.json()["detail"]
    assert took < 0.1


def test_of_a_crowd_of_rows_that_are_not_in_order_each_is_told_a_fault_and_no_opt_out_is_lost(
    client: Client,
) -> None:
    client.consenting()
    strange = {f"k{number}": 1 for number in range(200)}
    rows = [{"id": f"m-{number}", **strange} for number in range(449)]
    no = {"customer": {"id": "c-1"}, "action": "fibre-upgrade", "outcome": "unsubscribe"}
    body = json.dumps({"interactions": [*rows, {"id": "last", **no, **strange}]}).encode()
    started = time.process_time()
    rejected = client.call("POST", "/v1/interactions", body).json()["rejected"]
    took = time.process_time() - started

    assert "k199: unknown field" in rejected[0]["reason"]
    assert rejected[448]["reason"] == "object contains unknown field k0"
    assert rejected[449]["reason"].startswith("the opt-out counts, and nothing else of it")
    held = client.call("GET", "/v1/customers/c-1").json()
    assert held["consent"]["marketing"]["status"] == "denied"
    assert took < 0.3


def test_all_faults_of_a_body_are_named_at_once_with_the_nearest_right_name(
    client: Client,
) -> None:
    body = {**_GOOD, "chanel": "web", "mode": "dry", "context": {"page": None}}
    errors = client.call("POST", "/v1/decisions", body).json()["errors"]
    assert {error["pointer"] for error in errors} == {"/chanel", "/mode", "/context/page"}
    assert "did you mean 'channel'?" in str(errors)


def test_a_body_of_ten_megabytes_is_too_large(client: Client) -> None:
    started = time.process_time()
    try:
        reply = client.call("POST", "/v1/decisions", b" " * 10_000_000)
    except ConnectionError:
        return  # closed while we were still sending, as the contract allows
    assert (reply.status, reply.json()["code"]) == (413, "too-large")
    assert time.process_time() - started < 1.0


def test_a_chunked_body_over_the_limit_is_too_large(client: Client) -> None:
    pieces = [b" " * 2**19, b" " * 2**19, b" "]
    for path in ("/v1/decisions", "/v1/interactions"):
        connection = HTTPConnection(*client.address, timeout=10)
        headers = {"Authorization": f"Bearer {SECRET}"}
        connection.request("POST", path, iter(pieces), headers, encode_chunked=True)
        assert connection.getresponse().status == 413
        connection.close()


def test_a_body_that_is_too_large_is_told_the_limit_there_is(client: Client) -> None:
    for path, most in (("/v1/decisions", "1,048,576"), ("/v1/track", "32,768")):
        headers = {"Content-Length": "2000000"}  # refused before any of it is read
        reply = client.call("POST", path, b"", headers)
        assert (reply.status, f"over {most} bytes" in reply.json()["detail"]) == (413, True)


def test_a_body_is_taken_as_a_small_one_is_however_much_white_space_it_has(client: Client) -> None:
    body = json.dumps(_GOOD).encode()
    for much in (b"", b" " * 65_536, b" " * (1_048_576 - len(body))):
        assert client.call("POST", "/v1/decisions", body + much).status == 200


def test_a_length_of_thousands_of_digits_is_refused_as_any_that_is_none(client: Client) -> None:
    reply = client.call("POST", "/v1/decisions", b"", {"Content-Length": "9" * 5_000})
    assert (reply.status, reply.json()["code"]) == (400, "malformed")


def test_what_is_wrong_with_the_whole_body_starts_with_what_it_is(client: Client) -> None:
    assert client.call("POST", "/v1/decisions", b"[]").json()["detail"] == "must be an object"


def test_a_value_too_large_for_a_float_is_rejected_by_name(client: Client) -> None:
    row = {"id": "m-1", "customer": {"id": "c-1"}, "type": "order", "value": 10**400}
    body = json.dumps({"interactions": [row]}).encode()
    (rejected,) = client.call("POST", "/v1/interactions", body).json()["rejected"]
    assert rejected["reason"].startswith("/value: must be a number")


def test_without_a_key_nothing_is_told(client: Client) -> None:
    for header in ("", "Bearer sk_wrong", "Basic c2s6", "Bearer"):
        reply = client.call("POST", "/v1/decisions", _GOOD, {"Authorization": header})
        assert (reply.status, reply.json()["code"]) == (401, "unauthenticated")
        assert reply.headers["www-authenticate"] == "Bearer"


def test_a_publishable_key_does_not_open_these_doors(client: Client) -> None:
    header = {"Authorization": f"Bearer {PUBLISHABLE}"}
    reply = client.call("GET", "/v1/customers/c-1", headers=header)
    assert (reply.status, reply.json()["code"]) == (403, "publishable-key")
    assert "publishable key" in reply.json()["detail"]


def test_a_wrong_path_or_method_is_a_problem_document_too(client: Client) -> None:
    assert client.call("GET", "/v1/nothing").json()["code"] == "not-found"
    reply = client.call("GET", "/v1/decisions")
    assert (reply.status, reply.json()["code"]) == (405, "method-not-allowed")
    assert "POST" in reply.headers["allow"]


def test_of_a_body_that_is_not_utf8_the_byte_is_counted_from_its_start(client: Client) -> None:
    reply = client.call("POST", "/v1/decisions", b'{"channel": "we\xff')
    assert reply.json()["detail"] == "not valid UTF-8: invalid start byte (byte 15)"


def test_a_path_that_is_not_utf8_names_nobody(client: Client) -> None:
    change = {"attributes": {"plan": "basic"}}
    for path in ("/v1/customers/%ff", "/v1/customers/caf%e9"):
        reply = client.call("PATCH", path, change)
        assert (reply.status, reply.json()["code"]) == (422, "invalid-request")
        assert "must be UTF-8" in reply.json()["detail"]
        assert client.call("GET", path).status == 422
    assert client.call("PATCH", "/v1/customers/caf%c3%a9", change).json()["customer_id"] == "café"


def test_an_id_that_no_path_can_name_makes_no_customer(client: Client) -> None:
    for id in ("a/b", ".", "..", "\ufffd"):
        row = {"id": "m-1", "customer": {"id": id}, "type": "visit"}
        (rejected,) = client.tell(row).json()["rejected"]
        assert rejected["reason"].startswith("/customer/id: must be UTF-8, without /")
