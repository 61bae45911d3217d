"""What decides in a simulation: chance, the truth, a model, or a learner that goes on learning."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np

from engine.catalogue import Catalogue
from engine.catalogue.features import features_of
from engine.catalogue.shape import Method
from engine.change import Entry
from engine.domain import Facts
from engine.facts import defaults_of
from engine.models.base import Model, Predicted
from engine.models.beta import UNTRAINED
from engine.models.kinds import parse_model
from engine.models.online.learner import Learner
from engine.partitions import made_at
from engine.patience import SHARES
from engine.progress import Progress, order
from engine.record import DecisionRecord, legible
from engine.settings import LearningSettings
from engine.situation import PROPENSITY, Live, bound
from engine.teaching.course import Course, due
from engine.teaching.priors import NOTHING_YET
from training.simulation.world import DAY, START, Visit, World

PACE = LearningSettings()
"""As `teller serve` learns where nobody said otherwise."""

LONGEST = 300_000
"""Something learned is published after that, ms, as `teller serve` does."""


def random(catalogue: Catalogue) -> Live:
    """Any action that rules and caps allow, all alike."""
    return bound(choosing(catalogue, "epsilon", 1.0), UNTRAINED)


def untrained(catalogue: Catalogue) -> Live:
    """The house as it opens: rules and worth, and no idea who answers what."""
    return bound(catalogue, UNTRAINED)


class Oracle:
    """Knows the truth about the visit it is `asked` for; otherwise the same engine, and greedy."""

    version = "oracle"

    def __init__(self, catalogue: Catalogue, world: World) -> None:
        self._world = world
        self._places = np.array([catalogue.index[action] for action in world.actions])
        self._nothing = np.zeros(len(catalogue.actions))
        self.asked = Visit("", 0, START)

    def predict(self, facts: Facts) -> Predicted:  # noqa: ARG002 - it needs no facts
        """The true chances of the world's actions; of others, none."""
        chances = self._nothing.copy()
        chances[self._places] = self._world.truth(self.asked.person, self.asked.day)
        return Predicted(chances, ())

    def live(self, catalogue: Catalogue) -> Live:
        """What decides by it."""
        prior = UNTRAINED.bind(catalogue.actions)
        return Live(choosing(catalogue, "none", 0.0), self, prior, {PROPENSITY: self.version})


class Taught:
    """The engine's own learner, told of answers as the logs tell them. `delay`: ms after which an
    offer counts as unanswered, None for as long as answers take."""

    def __init__(self, catalogue: Catalogue, delay: int | None = PACE.delay) -> None:
        self._catalogue = catalogue
        self._delay = delay
        learner = Learner(features_of(catalogue))
        actions = {action.id: action for action in catalogue.actions}
        self._course = Course(learner, Progress(), actions, defaults_of(catalogue))
        self._waiting: tuple[deque[Entry], ...] = tuple(deque() for _ in range(SHARES))
        self._decisions: dict[str, Entry] = {}
        self._published = START
        self._day = START // DAY

    def hear(self, entries: Sequence[Entry], now: int) -> None:
        """Take in what was logged, and count as declined what waited for too long."""
        for entry in entries:
            record = legible(entry.data)
            if isinstance(record, DecisionRecord):
                self._decisions[record.decision_id] = entry
        self._course.hear(entries, self._decisions)
        longest = self._catalogue.strategy.attribution
        for share, age in enumerate(self._course.patience(self._delay, longest)):
            waiting, late = self._waiting[share], []
            waiting.extend(entries)
            while waiting and order(waiting[0].id)[0] <= now - age:
                late.append(waiting.popleft())
            self._course.count(late, [share])
        self._forget(now)

    def snapshot(self, now: int) -> Model | None:
        """What should serve from here on, where enough was learned since the last, and once it has
        been told what to expect."""
        progress = self._course.progress
        self._course.instruct(NOTHING_YET, self._catalogue.actions)
        if not progress.instructed or not due(
            progress.fresh, progress.weight, now - self._published, LONGEST
        ):
            return None
        progress.fresh, self._published = 0, now
        return parse_model("online", msgspec.json.encode(self._course.learner.snapshot()))

    def _forget(self, now: int) -> None:
        if (today := now // DAY) > self._day:
            self._course.forget(0.5 ** ((today - self._day) / PACE.half_life))
            self._day = today
            before = now - DAY
            self._decisions = {
                id: entry for id, entry in self._decisions.items() if made_at(id) >= before
            }


def choosing(catalogue: Catalogue, method: Method, floor: float) -> Catalogue:
    """The catalogue with another exploration."""
    return replace(catalogue, strategy=replace(catalogue.strategy, method=method, floor=floor))
