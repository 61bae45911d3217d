"""The writer is killed at random moments while load runs: nothing is lost, nothing is twice.

`TELLER_EXAMPLES` of 1,000 or more: fifty kills instead of five, `make proofs` does.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count

from engine.archive.compaction import Compaction
from engine.archive.manifest import Manifests
from engine.archive.shelf import Shelf
from engine.archive.writer import Writer
from tests.archive.builders import House, keep_all

KILLS = 50 if int(os.environ.get("TELLER_EXAMPLES", "0")) >= 1_000 else 5


@contextmanager
def writer(house: House) -> Iterator[subprocess.Popen[bytes]]:
    """A writing process, killed by the signal nobody can catch."""
    command = [sys.executable, "-m", "tests.archive.killed", house.url, str(house.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def load(house: House, numbers: Iterator[int], commits: int) -> set[str]:
    """A decision, an answer and a visit, so many times, by ten customers; the visits' ids."""
    visits = {f"visit-{next(numbers)}" for _ in range(commits)}
    for visit in sorted(visits):
        customer = f"c-{visit[-1]}"
        house.answer(customer, house.decide(customer), "accept")
        house.tell(customer, visit)
    return visits


def test_under_random_kills_nothing_is_lost_and_nothing_is_twice(house: House) -> None:
    chance = random.Random(20261122)
    numbers = count()
    told: set[str] = set()
    for _ in range(KILLS):
        with writer(house):
            told |= load(house, numbers, chance.randrange(1, 60))
    told |= load(house, numbers, 3)
    keep_all(house.keeping())
    archive = house.archive
    visited = [one for one in archive.interactions().to_pylist() if one["type"] == "visit"]
    visits = Counter(house.named(one["id"] for one in visited))
    assert visits == dict.fromkeys(told, 1)
    decisions = Counter(archive.decisions().column("decision_id").to_pylist())
    answers = Counter(
        one for one in archive.interactions().column("decision_id").to_pylist() if one
    )
    assert decisions == answers
    assert set(decisions.values()) == {1}
    assert len(decisions) == len(visits)
    Compaction(Shelf(house.data, ""), house.data).sweep(timedelta(0))
    assert archive.interactions().num_rows == len(visits) + len(decisions)


def test_without_the_numbered_manifest_the_same_rows_come_twice(
    house: House, monkeypatch: object
) -> None:
    """The planted bug: two writers that commit whatever the number is taken by."""
    house.tell("ana", "a")
    late: Writer = house.keeping()._writer
    manifest = late._manifests.latest("")
    taken = late._taken(manifest)
    keep_all(house.keeping())
    newest = Manifests(house.data).latest()
    late._keep(newest, taken)  # as if nobody looked at the number read from
    assert set(house.ids().values()) == {2}
