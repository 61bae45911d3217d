"""The decision endpoint beside the floor, over real HTTP, alternating in one run.

Asked for customers whom the worker has just decided for, and for others. Server on one core;
load generator and store on the other. Each size has a server, a store and a population of its
own in a temporary directory.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.request import Request, urlopen

from bench.catalogues import catalogue_files, customer_state, model_artefact
from bench.figures import Figure, against, figure
from bench.floor import customer_id
from bench.load import Run, at_rate, http_request, saturate
from engine.change import Change
from engine.codec import pack_attributes, pack_consent, pack_contacts, pack_events
from engine.registry import Registry
from engine.serving import THREADS_A_WORKER
from engine.store import Store, open_store
from engine.store.embedded import embedded_server

CUSTOMERS = 4_000
OTHERS = 12_000  # more than a worker remembers: each is forgotten when its turn comes again
ROUNDS = 9
SECONDS = 2.0
OPEN_ROUNDS, OPEN_SECONDS = 9, 4.0
SIZES = {10: None, 100: 0.90, 1_000: 0.75, 10_000: 0.50}
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


def measure() -> Iterator[Figure]:
    """Throughput against the floor at each size, and percentiles at half of saturation."""
    for size, least in SIZES.items():
        with serving(size) as bench:
            runs = {}
            for who, requests in (
                ("customers of just now", bench.returning),
                ("other customers", bench.others),
            ):
                _round(bench, requests)  # what is made, or remembered, at first is
                runs[who] = [_round(bench, requests) for _ in range(ROUNDS)]
                yield against(
                    f"POST /v1/decisions, {size:,} actions, {who}",
                    [(run.rate, floor.rate) for run, floor in runs[who]],
                    "a second",
                    least=least,
                )
            yield figure(
                f"generator's share of its core, {size:,} actions",
                [run.cpu / run.wall for run, _ in runs["customers of just now"]],
                "",
            )
            if size == 100:
                others = median(run.rate for run, _ in runs["other customers"])
                yield from _open_loop(bench, others / 2)


def _round(bench: Bench, requests: Iterable[bytes]) -> tuple[Run, Run]:
    """The decisions, then the floor. Never both kinds of customers in turn: the others would push
    those of just now out of what the worker remembers."""
    run, floor = (good(saturate(bench.port, sent, SECONDS)) for sent in (requests, bench.floors))
    return run, floor


def _open_loop(bench: Bench, rate: float) -> Iterator[Figure]:
    """Percentiles beside the floor's median, and the floor's own p99 beside that: what stops the
    whole machine for a while shows in both."""
    pairs = [
        (
            good(at_rate(bench.port, bench.others, OPEN_SECONDS, rate)),
            good(at_rate(bench.port, bench.floors, OPEN_SECONDS, rate)),
        )
        for _ in range(OPEN_ROUNDS)
    ]
    medians = [_quantile(floor, 0.5) for _, floor in pairs]
    for share in (0.5, 0.9, 0.99, 0.999):
        yield against(
            f"open loop at {rate:.0f} a second, p{100 * share:g} ÷ floor's median",
            list(zip([_quantile(run, share) for run, _ in pairs], medians, strict=True)),
            "ms",
            most=5.0 if share == 0.99 else None,
        )
    yield against(
        "the same, the floor's own p99",
        list(zip([_quantile(floor, 0.99) for _, floor in pairs], medians, strict=True)),
        "ms",
    )


def _quantile(run: Run, share: float) -> float:
    """Milliseconds within which that share of the requests was answered."""
    return 1000 * sorted(run.latencies)[int(share * (len(run.latencies) - 1))]


def good(run: Run) -> Run:
    """The run itself, unless a request failed."""
    if run.failed:
        raise SystemExit(f"{run.failed} of {len(run.latencies)} requests failed: no figure")
    return run


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
