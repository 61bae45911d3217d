"""How soon a new offer is found where answers come late: the figures of
`docs/learning-figures.md`.

`python -m training.simulation.newcomers`, seeded. In process, by the real engine and its learner:
a house of five offers that a fifth to two fifths take is joined by another, which all take alike.
Beside the learner as it serves, one that counts every offer as unanswered at once. What is missed
is what the best offer's true chance exceeds the chosen one's by, added up.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from engine.situation import bound
from training.simulation import policies
from training.simulation.house import Offer
from training.simulation.inprocess import InProcess, in_process
from training.simulation.playing import Shown, play
from training.simulation.world import START, Person, Visit, World

PEOPLE, OFFERS = 200, 5
BEFORE, AFTER = 800, 1_000  # visits, until the new offer comes and then
EVERY = 10_000  # ms between visits
WINDOW = 50  # visits, of which four in five are the new offer's
Late = Callable[[np.random.Generator], int]
LATE: Mapping[str, Late] = {
    "0": lambda _: 0,
    "up to 30": lambda chance: int(chance.integers(31)),
    "up to 300": lambda chance: int(chance.integers(301)),
    "one in five up to 300": lambda chance: int(chance.integers(301) * (chance.random() < 0.2)),
}
"""How many visits later an answer comes."""


class Found(NamedTuple):
    """After how many visits the new offer had four in five of the latest, None if it never had;
    and what was missed `before` it came and `after`."""

    visits: int | None
    before: float
    after: float


@dataclass
class Belated:
    """A house that hears of answers some visits after they were given."""

    house: InProcess
    late: Callable[[], int]
    visit: int = 0
    told: list[tuple[int, Visit, Person, Offer]] = field(default_factory=list)

    def welcome(self, people: Iterable[Person]) -> None:
        self.house.welcome(people)

    def decide(self, visit: Visit, person: Person) -> Offer:
        offer = self.house.decide(visit, person)
        while self.told and self.told[0][0] <= self.visit:
            self.house.accepted(*heappop(self.told)[1:])
        self.visit += 1
        return offer

    def accepted(self, visit: Visit, person: Person, offer: Offer) -> None:
        """At once, where it is not late."""
        if late := self.late():
            heappush(self.told, (self.visit - 1 + late, visit, person, offer))
        else:
            self.house.accepted(visit, person, offer)


def world_of(rate: float, seed: int) -> World:
    """Five offers, and from visit `BEFORE` on a sixth, which is taken at that rate."""
    chance = np.random.default_rng((seed, 2))
    ages = chance.integers(18, 80, PEOPLE)
    spends = chance.gamma(2.0, 60.0, PEOPLE).round(2)
    told = np.column_stack([(ages - 49) / 18, (spends - 120) / 85])
    bases, pulls = chance.uniform(-1.4, -0.4, OFFERS), chance.normal(0.0, 0.4, (2, OFFERS))
    tastes = bases + told.dot(pulls) + chance.normal(0.0, 0.3, (PEOPLE, OFFERS))
    new = np.full((PEOPLE, 1), np.log(rate / (1.0 - rate)))
    return World(
        about="Made up, all of it: five offers, and one that comes later.",
        files={"catalogue.yaml": json.dumps(_catalogue()).encode()},
        people=[
            Person(f"n-{n}", {"age": int(age), "spend": float(spend)}, ("personalisation",))
            for n, (age, spend) in enumerate(zip(ages, spends, strict=True))
        ],
        channel="web",
        placement="home.hero",
        actions=tuple(f"offer-{n}" for n in range(OFFERS + 1)),
        tastes=np.hstack([tastes, new]),
        seasons=np.zeros((OFFERS + 1, 2)),
        drifts=np.zeros(OFFERS + 1),
        year=1.0,
    )


def _catalogue() -> dict[str, object]:
    comes = datetime.fromtimestamp((START + BEFORE * EVERY) / 1000, UTC)
    valid = {"valid": {"from": f"{comes:%Y-%m-%dT%H:%M:%SZ}"}}
    treatment = {"id": "hero", "placement": "home.hero", "content": {"title": "An offer"}}
    return {
        "schema": {
            "attributes": {"age": {"type": "int"}, "spend": {"type": "double"}},
            "purposes": ["personalisation"],
        },
        "actions": [
            {
                "id": f"offer-{n}",
                "kind": "offer",
                "purpose": "none",
                "value": 1.0,
                "treatments": [treatment],
                **(valid if n == OFFERS else {}),
            }
            for n in range(OFFERS + 1)
        ],
        "placements": [
            {"id": "home.hero", "channel": "web", "slots": 1, "fallback": {"title": "Welcome"}}
        ],
        "strategy": {
            "exploration": {"method": "thompson", "floor": 0.02},
            "positive": {"accept": 1.0},
            "attribution": "7d",
        },
    }


def found(late: Late, delay: int | None, rate: float, seed: int) -> Found:
    """How a learner that takes an offer for unanswered after `delay` (ms; None: as long as answers
    take) finds a new one."""
    world = world_of(rate, seed)
    whose, chance = (np.random.default_rng((seed, salt)) for salt in (1, 4))
    with (
        threadpool_limits(1),
        TemporaryDirectory(prefix="teller-simulation-") as home,
        in_process(world, Path(home), seed) as house,
    ):
        house.welcome(world.people)
        house.live = policies.untrained(house.catalogue)
        stream = (
            Visit(f"{seed}/{n}", int(whose.integers(PEOPLE)), START + n * EVERY)
            for n in range(BEFORE + AFTER)
        )
        belated = Belated(house, lambda: late(chance))
        taught = policies.Taught(house.catalogue, delay)
        shown = list(_learning(play(world, stream, belated), house, taught))
    return _found(world, shown)


def _learning(
    played: Iterable[Shown], house: InProcess, taught: policies.Taught
) -> Iterator[Shown]:
    for shown in played:
        taught.hear(house.heard(), shown.visit.at)
        if (model := taught.snapshot(shown.visit.at)) is not None:
            house.live = bound(house.catalogue, model)
        yield shown


def _found(world: World, shown: list[Shown]) -> Found:
    missed = []
    for n, one in enumerate(shown):
        truth = world.truth(one.visit.person, one.visit.day)
        best = truth if n >= BEFORE else truth[:OFFERS]
        missed.append(float(best.max()) - one.chance)
    new = np.array([one.offer.action == world.actions[-1] for one in shown[BEFORE:]])
    latest = np.convolve(new, np.full(WINDOW, 1.0 / WINDOW), "valid")
    often = np.flatnonzero(latest > 0.799)
    visits = int(often[0]) + WINDOW if len(often) else None
    return Found(visits, sum(missed[:BEFORE]), sum(missed[BEFORE:]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=0.6, help="that take the new offer")
    given = parser.parse_args()
    table = Table("answers come, visits late", "no counts", "found after", "missed before", "after")
    for when, late in LATE.items():
        for counts, delay in (("at once", 0), ("as long as answers take", None)):
            runs = [found(late, delay, given.rate, seed) for seed in range(given.seeds)]
            visits = ", ".join("never" if one.visits is None else str(one.visits) for one in runs)
            before = fmean(one.before for one in runs)
            after = fmean(one.after for one in runs)
            table.add_row(when, counts, visits, f"{before:.0f}", f"{after:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
