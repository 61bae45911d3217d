"""Going back to the model before: one command, every worker, within seconds."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

import msgspec
import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.models.beta import BetaArtefact
from engine.registry import Registry
from engine.store import open_store
from tests.http.catalogue import written

MOST = 5.0  # seconds
SURE = 40  # answers in a row: of two workers sharing a port, neither is left out
TELLER = (sys.executable, "-m", "engine.cli")


class House(NamedTuple):
    """A server of two workers over a data directory."""

    url: str
    data: Path
    key: str

    def call(self, path: str, body: object = None, method: str = "GET") -> Any:
        sent = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, sent, method=method)  # noqa: S310
        request.add_header("Authorization", f"Bearer {self.key}")
        with urlopen(request) as reply:  # noqa: S310
            return json.load(reply)

    def decide(self, customer: str) -> Any:
        ask = {"customer": {"id": customer}, "channel": "web", "placements": [{"id": "home.hero"}]}
        return self.call("/v1/decisions", ask, "POST")

    def until_all_serve(self, version: str) -> float:
        """When the first of many answers in a row came that was this version's."""
        deadline = time.monotonic() + 4 * MOST
        since, row = time.monotonic(), 0
        while row < SURE:
            assert time.monotonic() < deadline, "some worker still serves another version"
            asked = time.monotonic()
            if self.decide("c-1")["versions"]["models"] == {"propensity": version}:
                since, row = (since if row else asked), row + 1
            else:
                row = 0
        return since


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """`teller serve` with two workers and a store of its own."""
    directory = written(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = tmp_path / "data"
    options = ["--catalogue", directory, "--data", data, "--port", str(port), "--workers", "2"]
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([*TELLER, "serve", *options], stdout=out, stderr=out)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, log)
            yield House(url, data, json.loads((data / "keys.json").read_text())["secret"][0])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def test_a_rollback_reaches_all_workers_within_seconds_and_every_decision_still_replays(
    house: House,
) -> None:
    good, bad = (
        Registry(house.data).publish("propensity", "beta", msgspec.json.encode(BetaArtefact(rate)))
        for rate in (0.1, 0.9)
    )
    change = {"attributes": {"plan": "basic"}, "consent": {"marketing": "granted"}}
    house.call("/v1/customers/c-1", change, "PATCH")
    for version in (good, bad):
        _promoted(house, version)
        house.until_all_serve(version)
    mistaken = house.decide("c-1")["decision_id"]

    asked = time.monotonic()
    done = CliRunner().invoke(main, ["rollback", "--data", str(house.data)])
    assert done.exit_code == 0, done.output
    took = house.until_all_serve(good) - asked
    assert took < MOST, f"{took:.2f} s"
    (model,) = house.call("/v1/models")["models"]
    assert (model["serving"], model["previous"]) == (good, [])
    for decision in (mistaken, house.decide("c-1")["decision_id"]):
        assert house.call(f"/v1/decisions/{decision}/replay", method="POST")["identical"]


def _promoted(house: House, version: str) -> None:
    """As `teller promote` does once the gate is passed."""
    with open_store(None, house.data) as store:
        Registry(house.data, store).promote("propensity", version)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urlopen(f"{url}/readyz").close()  # noqa: S310
        except URLError:
            continue
        return
    raise AssertionError(log.read_text())
