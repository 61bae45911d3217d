"""A real HTTP server in a thread, over a real store, with a small catalogue on disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import msgspec
import pytest
from werkzeug.serving import make_server

import api
from engine.bootstrap import Application, assemble
from engine.settings import EventLimits, Settings
from engine.store import Store
from tests.http.catalogue import written

SECRET = "sk_test_0123456789abcdef"
PUBLISHABLE = "pk_test_0123456789abcdef"
LIMITS = EventLimits(origins=frozenset(["https://shop.example"]))


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


@dataclass
class Client:
    """Calls one server with the secret key."""

    address: tuple[str, int]
    application: Application
    catalogue: Path

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """One request on its own connection; `body` is sent as it is when bytes, else as JSON."""
        sent = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        connection = HTTPConnection(*self.address, timeout=10)
        try:
            connection.request(
                method, path, sent, {"Authorization": f"Bearer {SECRET}", **(headers or {})}
            )
            return _reply(connection.getresponse())
        finally:
            connection.close()

    def decide(self, customer: str = "c-1", placement: str = "home.hero", **more: Any) -> Reply:
        """Ask for one placement on the web."""
        body = {
            "customer": {"id": customer},
            "channel": "web",
            "placements": [{"id": placement}],
            **more,
        }
        return self.call("POST", "/v1/decisions", body)

    def consenting(self, customer: str = "c-1", **attributes: Any) -> str:
        """A customer on the basic plan who takes marketing."""
        change = {
            "attributes": {"plan": "basic", **attributes},
            "consent": {"marketing": "granted"},
        }
        assert self.call("PATCH", f"/v1/customers/{customer}", change).status == 200
        return customer

    def tell(self, *rows: dict[str, Any]) -> Reply:
        """Send interactions."""
        return self.call("POST", "/v1/interactions", {"interactions": list(rows)})


@pytest.fixture
def catalogue_directory(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture
def application(store: Store, catalogue_directory: Path, tmp_path: Path) -> Application:
    return assemble(_settings(catalogue_directory, tmp_path), store)


@pytest.fixture
def client(application: Application, catalogue_directory: Path) -> Iterator[Client]:
    server = make_server("127.0.0.1", 0, api.create_app(application), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Client(("127.0.0.1", server.server_port), application, catalogue_directory)
    server.shutdown()
    thread.join()
    server.server_close()


def _settings(catalogue: Path, tmp_path: Path) -> Settings:
    return Settings(catalogue, tmp_path / "data", None, (SECRET,), (PUBLISHABLE,), events=LIMITS)


def _reply(response: HTTPResponse) -> Reply:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, headers, response.read())
