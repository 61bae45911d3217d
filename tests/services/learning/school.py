"""A house that decides, is answered and learns.

`python -m tests.services.learning.school URL HOME` learns without a pause until it is killed.
"""

from __future__ import annotations

import itertools
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from engine.bootstrap import Application, assemble
from engine.models.online.learner import Learner
from engine.registry import Registry
from engine.services.learning.checkpoints import Checkpoints
from engine.services.learning.publishing import Publisher
from engine.services.learning.resuming import Checkpoint
from engine.services.learning.study import Pace, Study
from engine.services.learning.turns import Learning
from engine.settings import Settings
from engine.situation import Live
from engine.store import Store, open_store
from engine.teaching.priors import NOTHING_YET
from engine.telemetry import Metrics, configure_logs
from engine.wire.decisions import read_decision
from engine.wire.interactions import read_interactions
from tests.http.test_learning import CATALOGUE

SECOND = 1_000
HALF_LIFE = math.inf
"""Days: what is learned weighs the same after midnight, so that it can be counted whenever."""


def clock(step: int = 11 * SECOND) -> Callable[[], int]:
    """Tells the time, in steps (ms) after which everything is due again."""
    start, turns = time.time_ns() // 1_000_000 + 60 * SECOND, itertools.count()
    return lambda: start + next(turns) * step


@dataclass
class School:
    """`learned`: where its learners keep what they learn."""

    store: Store
    home: Path
    learned: Path
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    application: Application = field(init=False)

    def __post_init__(self) -> None:
        catalogue = self.home / "catalogue"
        catalogue.mkdir(exist_ok=True, parents=True)
        if not (catalogue / "catalogue.yaml").exists():
            (catalogue / "catalogue.yaml").write_text(CATALOGUE)
        settings = Settings(catalogue, self.home / "data", None, ("sk_0123456789abcdef",))
        self.application = assemble(settings, self.store)

    def learner(
        self,
        delay: int | None = 1,
        hold: Callable[[str, str, int], bool] | None = None,
        now: Callable[[], int] | None = None,
        half_life: float = HALF_LIFE,
    ) -> Learning:
        """One that always believes that it is its turn, unless `hold` says; everything is due at
        every turn, unless `now` tells the time."""
        publisher = Publisher(Registry(self.home / "data", self.store))
        checkpoints, metrics = Checkpoints(self.learned), Metrics()

        def begin(live: Live, now: int) -> Study:
            pace = Pace(delay, half_life)
            return Study(self.store.log, checkpoints, publisher, metrics, pace, live, now)

        return Learning(hold or _mine, begin, self.application.served, now or clock())

    def kept(self) -> tuple[Checkpoint, Learner]:
        """The last checkpoint."""
        held = msgspec.msgpack.decode(Checkpoints(self.learned).latest()[1], type=Checkpoint)
        return held, Learner.restore(held.learner)

    def seen(self) -> dict[str, float]:
        """How many offers of each action are in the last checkpoint."""
        return {id: arm.seen for id, arm in self.kept()[1].snapshot().arms.items()}

    def offer(self, times: int = 1) -> list[str]:
        """So many decisions, each of two offers, for ten customers; every other one is answered."""
        made = []
        for number in itertools.islice(self.numbers, times):
            customer, plan = f"c-{number % 10}", ("basic", "fibre")[number % 2]
            body = {
                "customer": {"id": customer},
                "channel": "web",
                "placements": [{"id": "home.hero"}],
                "attributes": {"plan": plan},
            }
            request = read_decision(msgspec.json.encode(body))
            decision = self.application.decisions.answer(request, None, False).decision_id
            if number % 4 < 2:
                self.say(decision, "apples", "accept")
            made.append(decision)
        return made

    def say(self, decision: str, action: str, outcome: str) -> None:
        """An outcome of a decision."""
        row = {
            "id": f"{decision}-{action}-{outcome}",
            "decision_id": decision,
            "action": action,
            "outcome": outcome,
        }
        rows = read_interactions(msgspec.json.encode({"interactions": [row]}))
        assert self.application.interactions.take_in(rows).accepted == 1


def all_in(school: School, offers: int) -> None:
    """Every offer is learned of once, and every answer with its reward."""
    kept, _ = school.kept()
    told = NOTHING_YET.worth if kept.progress.instructed else 0.0
    assert school.seen() == pytest.approx(dict.fromkeys(("apples", "berries"), offers + told))
    assert kept.progress.answers == 2 * offers
    accepted = [said["apples"] for said in kept.progress.rewards.values() if "apples" in said]
    assert accepted == [1.0] * sum(number % 4 < 2 for number in range(offers))


def _mine(*_: object) -> bool:
    return True


def main(url: str, home: Path) -> None:
    """Learn, publish and keep at every turn, until killed."""
    configure_logs()
    with open_store(url, home / "data") as store:
        learner = School(store, home, home / "data").learner()
        learner.turn()
        sys.stdout.write("learning\n")
        sys.stdout.flush()
        while True:
            learner._unharmed(learner.turn)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
