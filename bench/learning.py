"""Learning while it serves: from an answer to a changed decision over HTTP, and what it costs.

`make learning`. A real `teller serve` in a directory of its own: answers come at a steady rate,
while another connection asks for decisions all the time and notes which snapshot decided.
An answer has changed decisions once a snapshot that holds as many answers decides.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bench.figures import Figure, figure, show
from bench.server import KEY, free_port, wait_until_ready
from engine.domain import Action
from engine.models.encoder import Encoder
from engine.models.features import Category, Feature, Number
from engine.models.kinds import parse_model
from engine.models.online.learner import Learner
from engine.registry import Registry
from engine.situation import PROPENSITY

ANSWERS = 300
BEFORE = 40  # answers; until thirty decisions were seen the prior serves
AFTER = 20  # answers; a snapshot waits for a hundredth more
RATE = 10.0  # answers a second
PATIENCE = 30.0  # seconds after the last answer
POLL = 0.02  # seconds between looks at who decides
LEARNED = 2_000
PLANS = ("basic", "plus", "fibre")


class Connection:
    """One connection to the server under test."""

    def __init__(self, port: int) -> None:
        self._http = HTTPConnection("127.0.0.1", port, timeout=10)

    def call(self, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        self._http.request("POST", path, json.dumps(body), headers)
        return json.loads(self._http.getresponse().read())

    def decide(self, customer: str, mode: str = "live") -> Any:
        body = {
            "customer": {"id": customer},
            "channel": "web",
            "placements": [{"id": "home.hero"}],
            "attributes": {"plan": PLANS[len(customer) % len(PLANS)]},
            "mode": mode,
        }
        return self.call("/v1/decisions", body)


def measure(answers: int, rate: float, actions: int) -> Iterator[Figure]:
    """Seconds from the acknowledgement of an answer to the first decision that knows of it."""
    with serving(actions) as (port, data):
        waits = _waits(port, data, answers, rate)
    name = f"answer to changed decision, {answers} answers at {rate:g} a second, {actions} actions"
    yield figure(f"{name}: median", [float(np.quantile(waits, 0.5))], "s")
    yield figure(f"{name}: p99", [float(np.quantile(waits, 0.99))], "s")


def _waits(port: int, data: Path, answers: int, rate: float) -> list[float]:
    registry, done = Registry(data), threading.Event()
    served: list[tuple[float, str]] = []
    watcher = threading.Thread(target=_watch, args=(Connection(port), served, done))
    watcher.start()
    try:
        list(_answer(Connection(port), BEFORE, 10.0 * rate, "before"))
        acknowledged = list(_answer(Connection(port), answers + AFTER, rate))[:answers]
        until = time.monotonic() + PATIENCE
        while _answers_of(registry, served[-1][1]) < BEFORE + answers and time.monotonic() < until:
            done.wait(POLL)
    finally:
        done.set()
        watcher.join()
    known = {version: _answers_of(registry, version) for version in {of for _, of in served}}
    counts = [known[version] for _, version in served]
    places = [bisect_left(counts, number) for number in range(BEFORE + 1, BEFORE + answers + 1)]
    if places[-1] == len(served):
        raise SystemExit(
            f"{counts[-1]} of {BEFORE + answers} answers changed a decision: no figure"
        )
    return [served[at][0] - when for at, when in zip(places, acknowledged, strict=True)]


def _watch(connection: Connection, served: list[tuple[float, str]], done: threading.Event) -> None:
    while not done.wait(POLL):
        reply = connection.decide("watched", "preview")
        served.append((time.monotonic(), reply["versions"]["models"][PROPENSITY]))


def _answer(connection: Connection, answers: int, rate: float, who: str = "c") -> Iterator[float]:
    """When each answer was acknowledged."""
    start = time.monotonic()
    for number in range(answers):
        wait = start + number / rate - time.monotonic()
        threading.Event().wait(max(wait, 0.0))
        decision = connection.decide(f"{who}-{number}")
        row = {
            "id": f"{who}-{number}",
            "decision_id": decision["decision_id"],
            "action": decision["placements"][0]["actions"][0]["action"],
            "outcome": "accept" if number % 3 else "reject",
        }
        if connection.call("/v1/interactions", {"interactions": [row]})["accepted"] != 1:
            raise SystemExit("an answer was not accepted: no figure")
        yield time.monotonic()


def _answers_of(registry: Registry, version: str) -> int:
    """How many answers a snapshot holds; none where the prior decides."""
    if version not in registry.versions(PROPENSITY):
        return 0
    return int(str(registry.manifest(PROPENSITY, version).metadata["answers"]))


def costs() -> Iterator[Figure]:
    """What an answer costs the learner, and what a snapshot and a checkpoint take."""
    for columns in (16, 64):
        for count in (10, 100):
            learner, micros = _taught(columns, count)
            of = f"{columns} columns, {count} actions"
            yield figure(f"learning of an answer, {of}", micros, "µs")
            started = time.perf_counter()
            artefact = msgspec.json.encode(learner.snapshot())
            parse_model("online", artefact)
            took = 1000 * (time.perf_counter() - started)
            yield figure(f"a snapshot made and parsed, {of}", [took], "ms")
            yield figure(f"a snapshot, {of}", [len(artefact) / 2**20], "MB")
            yield figure(f"a checkpoint, {of}", [len(learner.state()) / 2**20], "MB")


def _taught(columns: int, count: int) -> tuple[Learner, list[float]]:
    chance = np.random.default_rng(7)
    numbers = [Feature(f"n{i}", f"customer.n{i}", Number()) for i in range(columns - len(PLANS))]
    learner = Learner([*numbers, Feature("plan", "customer.plan", Category(PLANS))])
    learner.know(Action(f"a{i}", "offer", None, None) for i in range(count))
    rows = chance.standard_normal((LEARNED, len(Encoder(learner.features).columns)))
    for row in rows:
        learner.expand.see(row)
    micros = []
    for row in rows:
        action, reward = f"a{chance.integers(count)}", float(chance.random() < 0.2)
        started = time.perf_counter()
        learner.learn(row, action, reward)
        micros.append(1e6 * (time.perf_counter() - started))
    return learner, micros


@contextmanager
def serving(actions: int, workers: int = 1) -> Iterator[tuple[int, Path]]:
    """`teller serve` as anyone would start it, with a catalogue of so many offers: its port, and
    its data directory."""
    with tempfile.TemporaryDirectory() as directory:
        catalogue, data = Path(directory) / "catalogue", Path(directory) / "data"
        catalogue.mkdir()
        (catalogue / "catalogue.yaml").write_text(json.dumps(_catalogue(actions)))
        port = free_port()
        command = [sys.executable, "-m", "engine.cli", "serve", "--port", str(port)]
        command += ["--workers", str(workers)]
        command += ["--catalogue", str(catalogue), "--data", str(data)]
        environment = {**os.environ, "TELLER_SECRET_KEYS": KEY, "TELLER_ARCHIVE": "off"}
        with (Path(directory) / "log").open("wb") as log:
            server = subprocess.Popen(  # noqa: S603 - our own command line
                command, env=environment, stdout=log, stderr=log
            )
            try:
                wait_until_ready(server, port)
                yield port, data
            finally:
                server.terminate()
                server.wait()


def _catalogue(actions: int) -> dict[str, Any]:
    return {
        "schema": {"attributes": {"plan": {"type": "string", "enum": list(PLANS)}}},
        "actions": [
            {
                "id": f"a{number}",
                "kind": "offer",
                "purpose": "none",
                "value": 1.0,
                "treatments": [{"id": "t", "placement": "home.hero", "content": {"n": number}}],
            }
            for number in range(actions)
        ],
        "placements": [{"id": "home.hero", "channel": "web", "fallback": {"n": -1}}],
        "strategy": {"exploration": {"method": "epsilon", "floor": 0.1}},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=ANSWERS)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--actions", type=int, default=10)
    asked = parser.parse_args()
    show([*costs(), *measure(asked.answers, asked.rate, asked.actions)])


if __name__ == "__main__":
    main()
