"""How fast `teller import` takes in a newcomer's own history."""

from __future__ import annotations

import csv
import random
import tempfile
import time
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import get_args

from rich.console import Console

from bench.catalogues import catalogue_files
from bench.figures import Figure, figure
from bench.floor import customer_id
from bench.server import KEY
from engine.bootstrap import Application, assemble
from engine.importing import import_file
from engine.settings import Settings
from engine.store import open_store
from engine.wire.imports import Kind

ROWS = 6_000
ROUNDS = 3
ACTIONS = 100
_HEADS: dict[Kind, tuple[str, ...]] = {
    "customers": ("customer_id", "plan", "n1"),
    "consents": ("customer_id", "purpose", "status", "at"),
    "interactions": ("id", "customer_id", "type", "at", "channel", "value"),
}


def measure() -> Iterator[Figure]:
    """Rows of CSV a second, by the clock and for each second of our own processor; as many
    customers as rows, interactions of any of them."""
    with tempfile.TemporaryDirectory() as directory:
        data, catalogue = Path(directory) / "data", Path(directory) / "catalogue"
        catalogue.mkdir()
        for name, content in catalogue_files(ACTIONS).items():
            (catalogue / name).write_bytes(content)
        with open_store(None, data) as store:
            application = assemble(Settings(catalogue, data, None, (KEY,)), store)
            for kind in get_args(Kind):
                rounds = [_round(application, kind, turn, data) for turn in range(ROUNDS)]
                clock, processor = zip(*rounds, strict=True)
                yield figure(f"teller import {kind}", clock, "rows/s")
                yield figure("the same, by our processor time", processor, "rows/s")


def _round(application: Application, kind: Kind, turn: int, data: Path) -> tuple[float, float]:
    """Rows a second by the clock, and by our processor time."""
    path = data / f"{kind}-{turn}.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([_HEADS[kind], *_rows(kind, turn)])
    clock, processor = time.perf_counter(), time.process_time()
    done = import_file(application.imports, kind, path, data, Console(file=StringIO()))
    if done.accepted != ROWS:
        raise SystemExit(f"{done.accepted} of {ROWS} rows were taken in: no figure")
    return ROWS / (time.perf_counter() - clock), ROWS / (time.process_time() - processor)


def _rows(kind: Kind, turn: int) -> Iterable[tuple[object, ...]]:
    chance = random.Random(turn)  # noqa: S311 - a benchmark's data
    for number in range(turn * ROWS, (turn + 1) * ROWS):
        name = customer_id(number)
        at = f"2026-{chance.randint(1, 9):02d}-{chance.randint(1, 28):02d}T10:00:00Z"
        if kind == "customers":
            yield name, chance.choice(("basic", "plus")), chance.random()
        elif kind == "consents":
            yield name, "marketing", chance.choice(("granted", "denied")), at
        else:
            someone = customer_id(chance.randrange((turn + 1) * ROWS))
            yield f"m-{number}", someone, "purchase", at, "shop", 100 * chance.random()
