"""Unmistakable personal values, sent down every path, are found nowhere they must not be."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
import structlog
from rich.console import Console

import api
from engine.importing import import_file
from engine.telemetry import configure_logs
from tests.http.conftest import SECRET, Client
from tests.http.test_store_away import House

ID, NAME, MAIL = "kanarie-id-77", "Kanarievogel", "kanarie@vogel.example"
WORDS = (b"kanarie", b"vogel")


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The logs as an operator has them."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure_logs()
    yield written
    structlog.reset_defaults()


def send_everything(client: Client) -> list[int]:
    """Every path that takes a personal value, taken well and badly; the statuses."""
    person = f"/v1/customers/{ID}"
    told: dict[str, Any] = {"attributes": {"first_name": NAME, "plan": "basic"}}
    about = {"customer": {"id": ID}, "channel": "web", "placements": [{"id": "home.hero"}]}
    event = {"userId": ID, "traits": {"email": MAIL, "first_name": NAME}, "writeKey": SECRET}
    bare = {"Authorization": ""}
    row = {"id": MAIL, "customer": {"id": ID}, "type": "call", "topic": "bill"}
    calls: tuple[tuple[str, str, Any, dict[str, str]], ...] = (
        ("PATCH", person, {**told, "consent": {"marketing": "granted"}}, {}),
        ("POST", f"{person}/identities", {"identity": f"email:{MAIL}"}, {}),
        ("POST", "/v1/decisions", {**about, "attributes": {"first_name": NAME}}, {}),
        ("POST", "/v1/decisions", {**about, "request_id": ID}, {"X-Request-Id": "r-1"}),
        ("POST", "/v1/interactions", {"interactions": [{**row, "properties": {"a": NAME}}]}, {}),
        ("POST", "/v1/identify", {**event, "type": "identify"}, bare),
        ("POST", "/v1/track", {**event, "event": "Product Viewed", "messageId": ID}, bare),
        ("GET", person, None, {}),
        ("GET", f"{person}/export", None, {}),
        ("GET", f"{person}/timeline", None, {}),
        ("GET", f"/v1/customers?identity=email:{MAIL}", None, {}),
        ("PATCH", person, {"attributes": {"plan": NAME, NAME: MAIL}}, {}),
        ("PATCH", person, {"consent": {NAME: "granted"}}, {}),
        ("PATCH", person, f'{{"attributes": {{"first_name": "{NAME}"'.encode(), {}),
        ("POST", "/v1/decisions", {**about, "channel": NAME, MAIL: 1}, {}),
        ("POST", "/v1/decisions", {**about, "placements": [{"id": NAME}]}, {}),
        ("POST", "/v1/interactions", {"interactions": [{**row, "outcome": NAME}]}, {}),
        ("POST", "/v1/track", {**event, "event": [NAME]}, bare),
        ("POST", "/v1/track", {**event, "writeKey": NAME}, bare),
        ("GET", f"/v1/decisions/{ID}", None, {}),
        ("GET", f"/{NAME}", None, {}),
        ("GET", person, None, {"Authorization": f"Bearer {NAME}"}),
    )
    return [client.call(method, path, body, more).status for method, path, body, more in calls]


def found_in(told: bytes) -> list[bytes]:
    return [word for word in WORDS if word in told.lower()]


def kept(data: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file of the data directory but the store's own; what Parquet holds, as JSON."""
    for path in sorted(data.rglob("*")):
        if path.is_file() and "redis" not in path.relative_to(data).parts:
            if path.suffix == ".parquet":
                rows = pq.read_table(path).to_pylist()
                yield path, msgspec.json.encode(rows)
            yield path, os.fsencode(path) + path.read_bytes()


def elsewhere(client: Client) -> list[bytes]:
    """What others are told: metrics, documentation, errors that are not about this customer."""
    paths = ("/metrics", "/docs", "/docs/reference", "/openapi.json", "/readyz", "/v1/customers/x")
    bad = client.call("PATCH", "/v1/customers/other", {"attributes": {"plan": "?", "x": 1}})
    return [client.call("GET", path).body for path in paths] + [bad.body]


@pytest.fixture
def house(catalogue_directory: Path, tmp_path: Path) -> Iterator[House]:
    built = House(catalogue_directory, tmp_path / "house")
    yield built
    built.close()


def test_personal_values_are_in_no_log_metric_page_error_archive_or_file(
    client: Client, tmp_path: Path, logs: io.StringIO
) -> None:
    statuses = send_everything(client)
    assert {200, 400, 401, 404, 422} <= set(statuses)
    assert 500 not in statuses
    table = tmp_path / "people.csv"
    table.write_text(f"customer_id,first_name,plan\n{ID},{NAME},basic\n{ID},{NAME},{NAME}\n")
    data = tmp_path / "data"
    imports = client.application.imports
    import_file(imports, "customers", table, data, Console(file=io.StringIO()))
    client.application.keeper.catch_up()
    assert list((data / "archive").rglob("*.parquet"))

    for told in elsewhere(client):
        assert found_in(told) == []
    for path, held in kept(data):
        assert found_in(held) == [], path
    client.call("DELETE", f"/v1/customers/{ID}")
    for path, held in kept(data):
        assert found_in(held) == [], path
    assert found_in(logs.getvalue().encode()) == []


class _Broken(io.BytesIO):
    """A body that cannot be read, of which the server's error says too much."""

    def read(self, size: int | None = -1, /) -> bytes:  # noqa: ARG002 - as any stream's
        raise KeyError(NAME)


def test_nor_when_a_decision_breaks_on_the_short_way(client: Client, logs: io.StringIO) -> None:
    key = {"Authorization": f"Bearer {SECRET}"}
    with api.create_app(client.application).test_client() as flask:
        reply = flask.post("/v1/decisions", headers=key, input_stream=_Broken(), content_length=9)
    assert (reply.status_code, reply.json["code"]) == (500, "internal")  # type: ignore[index]
    assert "unexpected error" in logs.getvalue()
    assert found_in(logs.getvalue().encode() + reply.data) == []


def test_nor_when_the_store_is_away_or_something_breaks(
    house: House, catalogue_directory: Path, logs: io.StringIO
) -> None:
    app = api.create_app(house.application)

    @app.get("/broken")
    def _broken() -> str:
        raise KeyError(NAME)

    key = {"Authorization": f"Bearer {SECRET}"}
    house.stop()
    with app.test_client() as flask:
        replies = [
            flask.get("/broken", headers=key),
            flask.get(f"/v1/customers/{ID}/export", headers=key),
            flask.delete(f"/v1/customers/{ID}", headers=key),
            flask.patch(f"/v1/customers/{ID}", headers=key, json={"attributes": {"plan": "plus"}}),
        ]
        about = {"customer": {"id": ID}, "channel": "web", "placements": [{"id": "home.hero"}]}
        degraded = flask.post("/v1/decisions", headers=key, json=about)
    assert [reply.status_code for reply in replies] == [500, 503, 503, 503]
    assert degraded.json["degraded"] == "store-unavailable"  # type: ignore[index]
    for reply in replies:
        assert found_in(reply.json["detail"].encode()) == []  # type: ignore[index]
    assert "unexpected error" in logs.getvalue()
    assert found_in(logs.getvalue().encode()) == []
    house.start()
