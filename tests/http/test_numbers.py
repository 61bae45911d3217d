"""A number is what it is, however it is written and through whichever door it comes."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from engine.wire.tables import Line
from tests.http.catalogue import CATALOGUE, written
from tests.http.conftest import SECRET, Client

HUGE = 10**20
"""As a script in a browser writes 1e20: it has no way to put a point there."""
ENDLESS = 10**400
WRITE_KEY = {"Authorization": "Basic " + b64encode(f"{SECRET}:".encode()).decode()}


@pytest.fixture
def catalogue_directory(tmp_path: Path) -> Path:
    visits, page = "    visits: {type: int}\n", "    page: {type: string}\n"
    text = CATALOGUE.replace(visits, visits + "    balance: {type: double}\n    owed: DOUBLE\n")
    text = text.replace(page, page + "    basket: {type: double}\n")
    text = text.replace("DOUBLE", f"{{type: double, default: {HUGE}}}")
    return written(tmp_path, text + "events: {Order Completed: {type: order, value: revenue}}\n")


def test_a_whole_number_beyond_64_bits_is_the_nearest_double_through_every_door(
    client: Client,
) -> None:
    told = {"balance": HUGE}
    assert client.call("PATCH", "/v1/customers/patched", {"attributes": told}).status == 200
    assert _event(client, "identify", userId="identified", traits=told) == 200
    line = Line(1, {"customer_id": "imported", **told})
    assert client.application.imports.take("customers", [line], text=False).bad == []
    text = Line(1, {"customer_id": "in-a-table", "balance": str(HUGE)})
    assert client.application.imports.take("customers", [text], text=True).bad == []
    for customer in ("patched", "identified", "imported", "in-a-table"):
        known = client.call("GET", f"/v1/customers/{customer}").json()["attributes"]["balance"]
        assert (known, type(known)) == (1e20, float)

    assert client.decide(attributes=told, context={"basket": HUGE}).status == 200
    row = {"id": "m", "customer": {"id": "c-1"}, "type": "order", "properties": {"sums": [HUGE, 1]}}
    assert client.tell(row).json()["accepted"] == 1
    assert _event(client, "track", userId="c-1", event="Order Completed", properties=told) == 200
    owed = client.application.served.live.catalogue.scope.customer["owed"].default
    assert (owed, type(owed)) == (1e20, float)


def test_what_no_double_holds_is_refused_with_its_place_and_nothing_is_lost(client: Client) -> None:
    change = client.call("PATCH", "/v1/customers/c-1", {"attributes": {"balance": ENDLESS}})
    assert (change.status, change.json()["errors"]) == (
        422,
        [{"pointer": "/attributes/balance", "detail": "must be a finite number"}],
    )
    assert client.decide(context={"basket": ENDLESS}).status == 422
    row = {"id": "m", "customer": {"id": "c-1"}, "type": "order", "properties": {"n": [ENDLESS]}}
    (rejected,) = client.tell(row).json()["rejected"]
    assert rejected["reason"] == "/properties/n: must be a number of at most 1.8e308"
    for name in ("revenue", "n"):
        sent = {"userId": "c-1", "event": "Order Completed", "properties": {name: ENDLESS}}
        assert _event(client, "track", **sent) == 200
    assert [one.reason for one in client.application.events.set_aside()] == [
        "/properties/revenue: must be a number of at most 1.8e308",
        "/properties/n: must be a number of at most 1.8e308",
    ]


def test_what_holds_whole_numbers_takes_none_beyond_64_bits(client: Client) -> None:
    for visits in (2**63, HUGE, 1e20, ENDLESS):
        reply = client.call("PATCH", "/v1/customers/c-1", {"attributes": {"visits": visits}})
        assert reply.json()["errors"][0]["detail"] == "must be a whole number of at most 64 bits"


@pytest.mark.parametrize(
    ("once", "again"),
    [
        (b'"properties": {"n": 1, "l": [2, "a"]}', b'"properties": {"l": [2.0, "a"], "n": 1.0}'),
        (b'"properties": {"n": 100000000000000000000}', b'"properties": {"n": 1e20}'),
        (b'"properties": {"n": 0}', b'"properties": {"n": -0.0}'),
        (b'"value": 1', b'"value": 1.0'),
        (b'"at": "2026-01-01T10:00:00Z"', b'"at": "2026-01-01T12:00:00.000+02:00"'),
    ],
    ids=["whole", "beyond 64 bits", "nought", "value", "time"],
)
def test_a_row_is_the_same_row_however_its_numbers_and_times_are_written(
    client: Client, once: bytes, again: bytes
) -> None:
    row = b'{"interactions": [{"id": "m", "customer": {"id": "c-1"}, "type": "order", %s}]}'
    taken = client.call("POST", "/v1/interactions", row % once).json()
    assert (taken["accepted"], taken["rejected"]) == (1, [])
    taken = client.call("POST", "/v1/interactions", row % again).json()
    assert (taken["duplicates"], taken["rejected"]) == (1, [])


@pytest.mark.parametrize(
    ("once", "again"),
    [(1, True), (0, False), (1, "1"), (1, 1.5), (2**53, 2**53 + 1), (1, [1]), (1e20, 1e21)],
)
def test_a_row_with_another_value_is_another_row(client: Client, once: Any, again: Any) -> None:
    row = {"id": "m", "customer": {"id": "c-1"}, "type": "order"}
    client.tell({**row, "properties": {"n": once}})
    (rejected,) = client.tell({**row, "properties": {"n": again}}).json()["rejected"]
    assert "another body" in rejected["reason"]


@pytest.mark.parametrize(
    ("once", "again"),
    [(b'"visits": 1', b'"visits": 1.0'), (b'"balance": 1e20', b'"balance": 100000000000000000000')],
)
def test_a_request_to_decide_is_the_same_request_however_its_numbers_are_written(
    client: Client, once: bytes, again: bytes
) -> None:
    client.consenting()
    asked = b'{"customer": {"id": "c-1"}, "channel": "web", "placements": [{"id": "home.hero"}]'
    body = asked + b', "request_id": "r", "attributes": {%s}}'
    decided = client.call("POST", "/v1/decisions", body % once)
    assert decided.status == 200
    assert client.call("POST", "/v1/decisions", body % again).json() == decided.json()


def _event(client: Client, call: str, **said: Any) -> int:
    return client.call("POST", f"/v1/{call}", said, WRITE_KEY).status
