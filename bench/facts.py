"""What the facts of decisions take in the archive's files."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.figures import Figure, figure
from engine.archive.shelf import Shelf
from engine.archive.tables import to_table
from engine.domain import Event, EventLabel, Events, Facts, Tally, Value
from engine.facts import pack_facts
from engine.rows import DecisionRow

CUSTOMERS = 2_000
HISTORY = 50
NOW = 1_780_000_000_000
DAY = 24 * 3600 * 1000
_WORDS = ("impression", "click", "accept", "reject")
_LABELS = tuple(
    EventLabel(word, f"action-{i:05}", "offer", f"g{i % 4}", "web", "home.hero")
    for word in _WORDS
    for i in range(5)
)


def measure() -> Iterator[Figure]:
    """Customers with 50 interactions and six attributes, decided for once or ten times a day:
    the file of a date with and without the facts."""
    for times in (1, 10):
        rows = [row for number in range(CUSTOMERS) for row in _of_a_day(number, times)]
        name = f"the facts of a decision on disk, {times} a customer and day"
        yield figure(name, [(_on_disk(rows, True) - _on_disk(rows, False)) / len(rows)], "bytes")


def _of_a_day(number: int, times: int) -> Iterator[DecisionRow]:
    rng = random.Random(number)  # noqa: S311 - the same every time, and no secret
    at = sorted(NOW - rng.randrange(90 * DAY) for _ in range(HISTORY))
    rows = [Event(when, rng.randrange(len(_LABELS))) for when in at]
    customer: dict[str, Value] = {
        "plan": rng.choice(["basic", "plus", "fibre"]),
        "tenure_months": rng.randrange(120),
        "spend_12m": round(rng.gammavariate(2, 80), 2),
        "churn_risk": rng.random(),
        "tags": ["vip"] if rng.random() < 0.1 else [],
        "buys": rng.sample([f"action-{i:05}" for i in range(100)], 3),
    }
    for nth in range(times):
        now = NOW + nth * DAY // times
        rows = [*rows[1:], Event(now, rng.randrange(len(_LABELS)))]
        tallies = tuple(Tally(rng.randrange(20), now) for _ in _LABELS)
        events = Events(_LABELS, tuple(rows), tallies)
        facts = Facts(customer, {"page": "/home"}, events, "web", now)
        made = f"{now:012x}{number:010x}{nth:010x}"
        yield DecisionRow(
            number % 256, f"{now}-0", f"{number:032x}", now, made, "web", "home.hero",
            "action-00001", "offer", "hero", 1, rng.random(), 10.0, 1.0, 0.5, [], False, "live",
            "sha256:c", "{}", pack_facts(facts),
        )  # fmt: skip


def _on_disk(rows: Sequence[DecisionRow], facts: bool) -> int:
    table = to_table("decisions", rows)
    with tempfile.TemporaryDirectory() as directory:
        kept = table if facts else table.drop_columns(["facts"])
        part = Shelf(Path(directory), "").write("decisions", "2026-01-01", 0, kept)
        return (Path(directory) / "archive" / part.path).stat().st_size
