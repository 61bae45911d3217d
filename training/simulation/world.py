"""A world whose truth is known: who would answer what, on any day.

    chance = 1 / (1 + exp(−(taste + season + drift)))

taste: of a person for an action, for ever. season: amplitude · sin 2π(day / year + phase), an
action's own. drift: so much a year, an action's own. The draw of an answer depends on the
visit and the action alone, so that policies that show the same get the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain import Value
from engine.hashing import uniform

Vector = NDArray[np.float64]

DAY = 86_400_000
START = 1_767_571_200_000
"""When the first day begins, ms: Monday, 5 January 2026, UTC."""


@dataclass(frozen=True)
class Person:
    """A customer as the engine is told of them; `granted` are the purposes they agreed to."""

    customer_id: str
    attributes: Mapping[str, Value]
    granted: tuple[str, ...]


@dataclass(frozen=True)
class World:
    """`files`: the catalogue's. `placement` of `channel` is what people see, one slot of it.

    `tastes` are log odds, shape (people, actions); `seasons` are amplitudes and phases (a share
    of the year), shape (actions, 2); `drifts` log odds a year, shape (actions,). `year` in days.
    `about`: what is real in it and what is made up, for reports.
    """

    about: str
    files: Mapping[str, bytes]
    people: Sequence[Person]
    channel: str
    placement: str
    actions: tuple[str, ...]
    tastes: Vector
    seasons: Vector
    drifts: Vector
    year: float

    def truth(self, person: int, day: float) -> Vector:
        """How likely somebody is to answer each action on that day; shape (actions,)."""
        amplitude, phase = self.seasons.T
        season = amplitude * np.sin(2 * np.pi * (day / self.year + phase))
        logits = self.tastes[person] + season + self.drifts * day / self.year
        chances: Vector = 1.0 / (1.0 + np.exp(-logits))
        return chances


class Visit(NamedTuple):
    """Somebody comes by: `id` is unique, `at` in ms, `day` since the start."""

    id: str
    person: int
    at: int

    @property
    def day(self) -> float:
        """Days since the start; below zero before it."""
        return (self.at - START) / DAY


def visits(world: World, count: int, days: int, seed: int, first_day: int = 0) -> Iterator[Visit]:
    """`count` visits over `days` days, evenly in time, of people drawn uniformly."""
    chance = np.random.default_rng((seed, 1 if first_day < 0 else 0))
    whose = chance.integers(len(world.people), size=count).tolist()
    for number, person in enumerate(whose):
        at = START + int((first_day + days * number / count) * DAY)
        yield Visit(f"{seed}/{first_day}/{number}", person, at)


def answers(visit: Visit, action: str, chance: float) -> bool:
    """Does the visitor answer that action, which they do with that chance?"""
    return uniform(visit.id, action) < chance
