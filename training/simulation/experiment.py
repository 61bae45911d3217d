"""Every policy through the same visits, in process, each with an engine of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from threadpoolctl import threadpool_limits

from engine.catalogue import Catalogue
from engine.catalogue.features import features_of
from engine.catalogue.shape import Method
from engine.domain import Facts
from engine.facts import defaults_of, learnable
from engine.models.base import Model
from engine.models.kinds import parse_model
from engine.record import DecisionRecord, legible
from engine.situation import bound
from training.dataset import Examples, examples
from training.fit import fit_logistic
from training.simulation import policies
from training.simulation.inprocess import InProcess, in_process
from training.simulation.playing import Run, Shown, Worth, play, run
from training.simulation.world import Vector, Visit, World, visits

RANDOM, ORACLE, UNTRAINED, TRAINED, ONLINE = "random", "oracle", "untrained", "trained", "online"
POLICIES = (RANDOM, UNTRAINED, TRAINED, ONLINE, ORACLE)
_COMPARED = 300
"""How many of the last decisions' facts the learned propensities are held against the truth."""


@dataclass(frozen=True)
class Plan:
    """`visits` over `days` days; `history`: how many visits of chance, over the `days` before,
    the trained model learns from. `model`: an artefact of a logistic model to serve as trained
    instead. `exploration`: a method and its floor, in place of the catalogue's. `frozen`: the
    clock stands still, as it nearly does over HTTP."""

    visits: int
    days: int
    history: int
    model: bytes | None = None
    exploration: tuple[Method, float] | None = None
    frozen: bool = False


def experiment(world: World, plan: Plan, wanted: Iterable[str], seed: int) -> Iterator[Run]:
    """The runs of the wanted policies, one after the other."""
    for policy in wanted:
        # Small matrices: more threads only get in each other's way, as in a worker that serves.
        with (
            threadpool_limits(1),
            TemporaryDirectory(prefix="teller-simulation-") as home,
        ):
            yield _one(world, plan, policy, seed, Path(home))


def _one(world: World, plan: Plan, policy: str, seed: int, home: Path) -> Run:
    with in_process(world, home, seed, frozen=plan.frozen) as house:
        house.welcome(world.people)
        player = _Player(world, plan, house, policy, seed)
        stream = visits(world, plan.visits, plan.days, seed)
        shown = player.play(stream)
        return run(policy, seed, shown, Worth(house.catalogue, world), player.compared)


class _Player:
    """One policy in one engine."""

    def __init__(self, world: World, plan: Plan, house: InProcess, policy: str, seed: int) -> None:
        catalogue = house.catalogue
        if plan.exploration:
            catalogue = policies.choosing(catalogue, *plan.exploration)
        self._catalogue = catalogue
        self._world = world
        self._house = house
        self._oracle = policies.Oracle(catalogue, world)
        self._taught = policies.Taught(catalogue) if policy == ONLINE else None
        self._latest: deque[tuple[Visit, bytes]] = deque(maxlen=_COMPARED)
        if policy == RANDOM:
            house.live = policies.random(catalogue)
        elif policy == ORACLE:
            house.live = self._oracle.live(catalogue)
        elif policy == TRAINED:
            house.live = bound(catalogue, _trained(world, plan, seed))
        else:
            house.live = policies.untrained(catalogue)

    def play(self, stream: Iterable[Visit]) -> Iterator[Shown]:
        """Visit by visit; what is learned serves the next one."""
        for shown in play(self._world, self._announced(stream), self._house):
            entries = self._house.heard()
            self._latest.append((shown.visit, entries[0].data))
            if self._taught:
                self._taught.hear(entries, shown.visit.at)
                if (model := self._taught.snapshot(shown.visit.at)) is not None:
                    self._house.live = bound(self._catalogue, model)
            yield shown

    def _announced(self, stream: Iterable[Visit]) -> Iterator[Visit]:
        for visit in stream:
            self._oracle.asked = visit
            yield visit

    def compared(self) -> tuple[Vector, Vector]:
        """What the model that serves now promises of the latest visits, and the truth; each
        shape (visits, actions)."""
        catalogue, predict = self._house.catalogue, self._house.live.predictor.predict
        places = [catalogue.index[action] for action in self._world.actions]
        promised, true = [], []
        for visit, facts in _facts(self._latest, catalogue):
            self._oracle.asked = visit
            promised.append(predict(facts).propensities[places])
            true.append(self._world.truth(visit.person, visit.day))
        return np.array(promised), np.array(true)


def _trained(world: World, plan: Plan, seed: int) -> Model:
    """A model of what chance showed before the simulation began, or the one that was given."""
    if plan.model is not None:
        return parse_model("logistic", plan.model)
    with (
        TemporaryDirectory(prefix="teller-simulation-") as home,
        in_process(world, Path(home), seed) as house,
    ):
        house.welcome(world.people)
        house.live = policies.random(house.catalogue)
        table = _history(world, plan, house, seed)
        cut = int(np.quantile(table.at, 0.8))
        features = features_of(house.catalogue)
        return parse_model(
            "logistic", fit_logistic(table, features, cut=cut, resamples=20).artefact
        )


def _history(world: World, plan: Plan, house: InProcess, seed: int) -> Examples:
    house.heard()
    stream = visits(world, plan.history, plan.days, seed, -plan.days)
    shown: list[Shown] = []
    logged: list[tuple[Visit, bytes]] = []
    for one in play(world, stream, house):
        entries = house.heard()
        if one.offer.action:
            shown.append(one)
            logged.append((one.visit, entries[0].data))
    facts = [found for _, found in _facts(logged, house.catalogue)]
    catalogue = house.catalogue
    return examples(
        customers=[one.customer for one in facts],
        actions=[catalogue.actions[catalogue.index[one.offer.action]] for one in shown],
        labels=[float(one.answered) for one in shown],
        at=[one.visit.at for one in shown],
        channels=world.channel,
        events=[one.events for one in facts],
        subjects=[one.visit.person for one in shown],
    )


def _facts(
    logged: Iterable[tuple[Visit, bytes]], catalogue: Catalogue
) -> Iterator[tuple[Visit, Facts]]:
    """What decisions looked at, from their records."""
    defaults = defaults_of(catalogue)
    for visit, data in logged:
        record = legible(data)
        facts = learnable(record, defaults) if isinstance(record, DecisionRecord) else None
        if facts is not None:
            yield visit, facts
