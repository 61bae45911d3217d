"""How fast log entries become rows of the archive."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure, figure
from bench.floor import customer_id
from engine import record
from engine.archive.opening import Keeping
from engine.archive.reading import Archive
from engine.change import Change
from engine.domain import Interaction
from engine.facts import Disclosed
from engine.partitions import new_decision_id
from engine.plan import Chosen, DecisionRequest, Filled, PlacementAsk, Plan
from engine.record import DecisionRecord, InteractionRecord
from engine.store import Store, open_store

CUSTOMERS = 2_000
DAY = 24 * 3600 * 1000
FEATURES = 30
ROUNDS = 3


def measure() -> Iterator[Figure]:
    """Decisions and interactions of 2,000 customers, half and half, as rows a second; and what
    a row takes on disk."""
    with (
        tempfile.TemporaryDirectory() as directory,
        open_store(None, Path(directory)) as store,
    ):
        data = Path(directory)
        keeping = Keeping(store.log, data, "", lambda: Disclosed(features=True), b"bench")
        clock, processor = [], []
        for turn in range(ROUNDS):
            rows = _fill(store, turn)
            started, spent = time.perf_counter(), time.process_time()
            while keeping.round().more:
                pass
            clock.append(rows / (time.perf_counter() - started))
            processor.append(rows / (time.process_time() - spent))
        yield figure("log entries into the archive", clock, "rows/s")
        yield figure("the same, by our processor time", processor, "rows/s")
        size = sum(file.stat().st_size for file in (data / "archive").rglob("*.parquet"))
        rows = Archive(data).decisions(columns=[]).num_rows * 2
        yield figure("a row of the archive on disk", [size / rows], "bytes")


def _fill(store: Store, turn: int) -> int:
    """Five decisions and five interactions of each customer; how many rows."""
    now = time.time_ns() // 1_000_000
    for number in range(CUSTOMERS):
        customer = customer_id(number)
        entries = [
            record.encode(one)
            for nth in range(5)
            for one in _records(customer, now, (turn * 5 + nth) * CUSTOMERS + number)
        ]
        change = Change(customer, turn, {}, now, entries[0], None, DAY, (), entries[1:])
        store.commit(change)
    return CUSTOMERS * 10


def _records(customer: str, now: int, number: int) -> tuple[DecisionRecord, InteractionRecord]:
    made = new_decision_id(customer, now, number.to_bytes(8, "big"))
    chosen = Chosen("fibre-upgrade", "offer", "hero", 1, {}, number / 1e6, 120.0, 0.7, 0.9)
    features = tuple(float(number % (nth + 2)) for nth in range(FEATURES))
    plan = Plan(made, (Filled("home.hero", False, (chosen,)),), features=features)
    request = DecisionRequest(customer, "web", (PlacementAsk("home.hero"),))
    decision = DecisionRecord(made, request, {}, 1, now, "sha256:c", {"p": "sha256:m"}, plan)
    said = Interaction(f"m-{number}", "click", now, made, "fibre-upgrade", "home.hero", "web")
    return decision, InteractionRecord(customer, said, 1.0, now)
