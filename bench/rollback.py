"""Going back: from `teller rollback` to the last of several workers that serves the version before.

A connection stays with the worker that took it, and the kernel deals new ones out at random: of
so many, each worker has some (one of four would have none once in 250,000 runs).
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from bench.figures import Figure, figure
from bench.learning import POLL, Connection, serving
from engine.models.beta import BetaArtefact
from engine.registry import Registry
from engine.situation import PROPENSITY
from engine.store import open_store

WORKERS = 4
CONNECTIONS = 48
ACTIONS = 10
ROUNDS = 20
WANTED = 5.0  # seconds
PATIENCE = 60.0  # seconds


def measure() -> Iterator[Figure]:
    """Seconds from starting the command, Python's own start included."""
    chance = np.random.default_rng(7)
    with serving(ACTIONS, WORKERS) as (port, data), open_store(None, data) as store:
        registry = Registry(data, store)
        good, bad = (
            registry.publish(PROPENSITY, "beta", msgspec.json.encode(BetaArtefact(rate)))
            for rate in (0.1, 0.9)
        )
        registry.promote(PROPENSITY, good)
        connections = [Connection(port) for _ in range(CONNECTIONS)]
        took = []
        for pause in chance.random(ROUNDS):  # workers look once a second: met at any moment of it
            registry.promote(PROPENSITY, bad)
            _all_serve(bad, connections)
            threading.Event().wait(pause)
            took.append(_gone_back(data, good, connections))
    name = f"teller rollback to the last of {WORKERS} workers, {ROUNDS} times"
    yield figure(f"{name}: median", took, "s")
    yield figure(f"{name}: worst", [max(took)], "s", most=WANTED)


def _gone_back(data: Path, version: str, connections: Sequence[Connection]) -> float:
    started = time.monotonic()
    command = [sys.executable, "-m", "engine.cli", "rollback", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:  # noqa: S603 - our own
        last = _all_serve(version, connections)
    if running.returncode:
        raise SystemExit("teller rollback failed: no figure")
    return last - started


def _all_serve(version: str, connections: Sequence[Connection]) -> float:
    """When the last connection was answered by this version, all being asked by turns."""
    until, others = time.monotonic() + PATIENCE, list(connections)
    while others:
        if time.monotonic() > until:
            raise SystemExit(f"some worker still serves another version after {PATIENCE:g} s")
        threading.Event().wait(POLL)
        others = [one for one in others if _serving(one) != version]
    return time.monotonic()


def _serving(connection: Connection) -> str:
    return str(connection.decide("watched", "preview")["versions"]["models"][PROPENSITY])
