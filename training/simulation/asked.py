"""What `teller simulate` was asked for, played."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from engine.directory import check_directory
from engine.errors import Misconfigured
from training.simulation.experiment import ORACLE, RANDOM, Plan, experiment
from training.simulation.findings import Findings, findings
from training.simulation.inprocess import write
from training.simulation.joining import grow
from training.simulation.playing import Run, Worth, play, run
from training.simulation.remote import Remote
from training.simulation.small import small_world
from training.simulation.world import World, visits

SERVED = "served"
SMALL = "small"


class Asked(NamedTuple):
    """`world`: `small`, of that many `people`, or one that joined, such as `demo`, which keeps what
    it made in `data`."""

    world: str
    people: int
    plan: Plan
    policies: Sequence[str]
    seeds: Sequence[int]
    threads: int
    data: Path

    def simulate(self, log: Path | None = None) -> Findings:
        """Every policy through every seed, in process; the rows of a single one into `log`, as
        CSV. Raises Misconfigured."""
        if log and len(self.policies) * len(self.seeds) > 1:
            raise Misconfigured("--log writes what one policy did: say --policy NAME --seeds 1")
        worlds = list(self._worlds())
        tasks = (
            delayed(_play)(world, plan, policy, seed)
            for world, plan, seed in worlds
            for policy in self.policies
        )
        runs: list[Run] = Parallel(n_jobs=self.threads)(tasks)
        if log:
            pd.DataFrame(runs[0].log).to_csv(log, index=False)
        return self._findings(worlds[0][0], runs)

    def served(self, url: str, key: str) -> Findings:
        """The engine at `url`, which serves the world's catalogue; chance and the oracle, who
        play the same visits, in process and with a clock that stands still."""
        runs: list[Run] = []
        worlds = list(self._worlds())
        for world, plan, seed in worlds:
            frozen = replace(plan, frozen=True)
            runs.append(_remote(world, frozen, Remote(url, key, world, f"sim{seed}"), seed))
            runs += experiment(world, frozen, (RANDOM, ORACLE), seed)
        return self._findings(worlds[0][0], runs)

    def catalogue(self, directory: Path) -> None:
        """Write the world's catalogue, for a server to serve."""
        world, _, _ = next(self._worlds())
        write(world.files, directory)

    def _worlds(self) -> Iterator[tuple[World, Plan, int]]:
        if self.world == SMALL:
            for seed in self.seeds:
                yield small_world(self.people, seed), self.plan, seed
            return
        grown = grow(self.world, self.data)
        for seed in self.seeds:
            yield grown.world(seed), replace(self.plan, model=grown.model), seed

    def _findings(self, world: World, runs: Sequence[Run]) -> Findings:
        return findings(world.about, self.plan.days, runs, RANDOM, ORACLE)


def _play(world: World, plan: Plan, policy: str, seed: int) -> Run:
    return next(experiment(world, plan, (policy,), seed))


def _remote(world: World, plan: Plan, house: Remote, seed: int) -> Run:
    with TemporaryDirectory(prefix="teller-simulation-") as home:
        write(world.files, Path(home))
        worth = Worth(check_directory(Path(home)), world)
    house.welcome(world.people)
    shown = play(world, visits(world, plan.visits, plan.days, seed), house)
    rows = list(shown)
    place = {action: number for number, action in enumerate(world.actions)}
    offered = [row for row in rows if row.offer.action]
    promised = np.array([[row.offer.propensity] for row in offered])
    true = np.array(
        [[world.truth(row.visit.person, row.visit.day)[place[row.offer.action]]] for row in offered]
    )
    return run(SERVED, seed, rows, worth, lambda: (promised, true))
