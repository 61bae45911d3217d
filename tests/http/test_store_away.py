"""The store killed and back again: fallbacks, 503, and then everything as it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

import api
from engine.bootstrap import assemble
from engine.settings import Settings
from engine.store import open_store
from engine.store.embedded import embedded_server
from tests.http.conftest import PUBLISHABLE, SECRET, Client


class House:
    """A server over a store that can be stopped and started again with its data."""

    def __init__(self, catalogue: Path, data: Path) -> None:
        self._data = data
        self._running = embedded_server(data)
        self._opened = open_store(self._running.__enter__(), data)
        self.application = assemble(
            Settings(catalogue, data, None, (SECRET,), (PUBLISHABLE,)),
            self._opened.__enter__(),
        )

    def stop(self) -> None:
        """The store goes away."""
        self._running.__exit__(None, None, None)

    def start(self) -> None:
        """The store is back, on the same socket."""
        self._running = embedded_server(self._data)
        self._running.__enter__()

    def close(self) -> None:
        """The end."""
        self._opened.__exit__(None, None, None)
        self._running.__exit__(None, None, None)


@pytest.fixture
def house(catalogue_directory: Path, tmp_path: Path) -> Iterator[House]:
    built = House(catalogue_directory, tmp_path / "house")
    yield built
    built.close()


@pytest.fixture
def client(house: House, catalogue_directory: Path) -> Iterator[Client]:
    server = make_server("127.0.0.1", 0, api.create_app(house.application), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Client(("127.0.0.1", server.server_port), house.application, catalogue_directory)
    server.shutdown()
    thread.join()
    server.server_close()


def test_while_the_store_is_away_fallbacks_go_out_and_nothing_is_acknowledged(
    house: House, client: Client
) -> None:
    customer = client.consenting()
    visit = {"id": "v-1", "customer": {"id": customer}, "type": "visit"}
    house.stop()

    reply = client.decide(customer)
    assert reply.status == 200
    assert reply.json()["degraded"] == "store-unavailable"
    assert reply.json()["placements"] == [
        {"id": "home.hero", "fallback": True, "content": {"headline": "Welcome"}, "actions": []}
    ]
    for refused in (
        client.tell(visit),
        client.call("GET", f"/v1/customers/{customer}"),
        client.call("PATCH", f"/v1/customers/{customer}", {"attributes": {"plan": "plus"}}),
    ):
        assert (refused.status, refused.json()["code"]) == (503, "store-unavailable")
        assert int(refused.headers["retry-after"]) >= 1
    ready = client.call("GET", "/readyz")
    assert ready.status == 503
    assert ready.json()["degraded"]
    assert client.call("GET", "/healthz").status == 200

    house.start()
    assert client.tell(visit).json()["accepted"] == 1
    assert client.decide(customer).json()["degraded"] is None
    assert client.call("GET", "/readyz").status == 200
    kept = client.call("GET", f"/v1/customers/{customer}").json()
    assert kept["attributes"] == {"plan": "basic"}
