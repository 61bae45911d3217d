"""A server under test, over a populated store, both in a temporary directory.

Server on one core; load generator and store on the other.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import NamedTuple
from urllib.request import Request, urlopen

from bench.catalogues import catalogue_files, customer_state, model_artefact
from bench.floor import customer_id
from bench.load import http_request
from engine.change import Change
from engine.codec import pack_attributes, pack_consent, pack_contacts, pack_events
from engine.registry import Registry
from engine.serving import THREADS_A_WORKER
from engine.store import Store, open_store
from engine.store.embedded import embedded_server

CUSTOMERS = 4_000
OTHERS = 12_000  # more than a worker remembers: each is forgotten when its turn comes again
KEY = "sk_bench_0123456789"
SERVER_CORE, LOAD_CORE = 0, 1
MODEL = "propensity"
SIZES_FILE = "bench-sizes.json"
DAY = 86_400_000


class Bench(NamedTuple):
    """A server under test and the requests to send it."""

    port: int
    returning: list[bytes]
    others: Iterator[bytes]
    floors: list[bytes]


@contextmanager
def serving(size: int) -> Iterator[Bench]:
    """A populated store and a server over it, with a catalogue of `size` actions."""
    with tempfile.TemporaryDirectory() as directory:
        data, catalogue = Path(directory) / "data", Path(directory) / "catalogue"
        catalogue.mkdir()
        for name, content in catalogue_files(size).items():
            (catalogue / name).write_bytes(content)
        os.sched_setaffinity(0, {LOAD_CORE})
        with embedded_server(data) as url, open_store(url, data) as store:
            registry = Registry(data, store)
            registry.promote(
                MODEL, registry.publish(MODEL, "logistic", model_artefact()), "champion"
            )
            for number in range(CUSTOMERS + OTHERS):
                populate(store, customer_id(number), 50, time.time_ns() // 1_000_000)
            with _server(catalogue, data, url) as port:
                decisions = [_decision(number) for number in range(CUSTOMERS + OTHERS)]
                _write_sizes(data, store, port, decisions[0])
                others = cycle(decisions[CUSTOMERS:])
                floors = [http_request("/floor", b"{}", KEY)]
                yield Bench(port, decisions[:CUSTOMERS], others, floors)


def populate(store: Store, name: str, interactions: int, now: int) -> None:
    """A customer with a history, as if it had lived with us."""
    state = customer_state(interactions, now, name)
    sections = {
        "attributes": pack_attributes(state.attributes),
        "consent": pack_consent(state.consent),
        "contacts": pack_contacts(state.contacts),
        "events": pack_events(state.events),
    }
    store.commit(Change(name, 0, sections, now, b"", None, DAY))


@contextmanager
def _server(catalogue: Path, data: Path, url: str) -> Iterator[int]:
    """The floor's application under the server `teller serve` uses, on a core of its own."""
    port = free_port()
    environment = {
        **os.environ,
        "TELLER_CATALOGUE": str(catalogue),
        "TELLER_DATA": str(data),
        "TELLER_REDIS_URL": url,
        "TELLER_ARCHIVE": "off",
        "TELLER_SECRET_KEYS": KEY,
        "BENCH_CUSTOMERS": str(CUSTOMERS),
        "BENCH_SIZES": str(data / SIZES_FILE),
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"),
        *("--host", "127.0.0.1", "--port", str(port), "--no-ws", "--log-level", "error"),
        *("--workers", "1", "--blocking-threads", str(THREADS_A_WORKER), "bench.floor:application"),
    ]
    os.sched_setaffinity(0, {SERVER_CORE})
    process = subprocess.Popen(command, env=environment)  # noqa: S603 - our own command line
    os.sched_setaffinity(0, {LOAD_CORE})
    try:
        wait_until_ready(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once the server answers that it can decide; SystemExit when it does not come up."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server under test did not come up")


def _write_sizes(data: Path, store: Store, port: int, decision: bytes) -> None:
    """Tell the floor how long a real reply and its log entry are."""
    _, _, body = decision.partition(b"\r\n\r\n")
    request = Request(
        f"http://127.0.0.1:{port}/v1/decisions",
        body,
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=10) as answer:  # noqa: S310
        reply = answer.read()
    found = store.find_decision(json.loads(reply)["decision_id"])
    if found is None:
        raise SystemExit("the server under test did not record its decision")
    sizes = {"reply": len(reply), "entry": len(found.record)}
    (data / SIZES_FILE).write_text(json.dumps(sizes))


def _decision(number: int) -> bytes:
    body = {
        "customer": {"id": customer_id(number)},
        "channel": "web",
        "placements": [{"id": "home.hero"}],
        "context": {"page": f"/p{number % 5}"},
    }
    return http_request("/v1/decisions", json.dumps(body).encode(), KEY)


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
