"""`teller serve` with two workers, as somebody would start it, and a store of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.http.catalogue import written
from tests.store.conftest import PATIENCE

MOST = 30.0  # seconds: workers look several times in it, however busy the machine
SURE = 40  # answers in a row: of two workers sharing a port, neither is left out
TELLER = (sys.executable, "-m", "engine.cli")


class House(NamedTuple):
    """A server of two workers over a data directory."""

    url: str
    catalogue: Path
    data: Path
    key: str
    log: Path

    def call(self, path: str, body: object = None, method: str = "GET") -> Any:
        sent = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, sent, method=method)  # noqa: S310
        request.add_header("Authorization", f"Bearer {self.key}")
        with urlopen(request) as reply:  # noqa: S310
            return json.load(reply)

    def decide(self, customer: str, **more: object) -> Any:
        ask = {"customer": {"id": customer}, "channel": "web", "placements": [{"id": "home.hero"}]}
        return self.call("/v1/decisions", {**ask, **more}, "POST")

    def until_all_serve(self, version: str) -> float:
        """When the first of many answers in a row came that was this version's."""
        deadline = time.monotonic() + PATIENCE
        since, row = time.monotonic(), 0
        while row < SURE:
            assert time.monotonic() < deadline, "some worker still serves another version"
            asked = time.monotonic()
            if self.decide("c-1")["versions"]["models"] == {"propensity": version}:
                since, row = (since if row else asked), row + 1
            else:
                row = 0
        return since


@contextmanager
def served(home: Path) -> Iterator[House]:
    """The server, for as long as it is needed."""
    directory = written(home)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = home / "data"
    options = ["--catalogue", directory, "--data", data, "--port", str(port), "--workers", "2"]
    log = home / "log"
    with log.open("wb") as out:
        process = subprocess.Popen([*TELLER, "serve", *options], stdout=out, stderr=out)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process, log)
            key = json.loads((data / "keys.json").read_text())["secret"][0]
            yield House(url, directory, data, key, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers; meanwhile the processor is left to those that start."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            urlopen(f"{url}/readyz").close()  # noqa: S310
        except URLError:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                raise AssertionError(log.read_text()) from None
            continue
        return
    raise AssertionError(log.read_text())
