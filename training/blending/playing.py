"""Visits to a world, one after the other, and what every way to blend misses in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from engine.exploration import pick
from engine.hashing import uniform
from training.blending.blends import Blend, blends
from training.blending.world import World, trained

EARLY = 1_000


class Regret(NamedTuple):
    """Answers missed a thousand visits: of the first thousand, until the drift, after it."""

    early: float
    before: float
    after: float

    @property
    def whole(self) -> float:
        return (self.before + self.after) / 2.0


def play(blend: Blend, seed: int, visits: int) -> Regret:
    """One blend through all the visits of one world."""
    world, answers = World(seed), np.random.default_rng(seed + 1_000)
    missed = np.zeros(visits)
    for visit in range(visits):
        if visit == visits // 2:
            world.drift()
        x = world.visitor()
        truth, key = world.truth(x), f"{seed}-{visit}"
        offer = pick(blend.chances(x, key), uniform(key, "1"))
        blend.learn(offer, float(answers.random() < truth[offer]))
        missed[visit] = truth.max() - truth[offer]
    half = visits // 2
    parts = (missed[: min(EARLY, half)], missed[:half], missed[half:])
    return Regret(*(1000.0 * float(part.mean()) for part in parts))


def study(seeds: int, visits: int, stale: bool = False) -> Iterator[tuple[str, list[Regret]]]:
    """Every blend's regrets, a world each."""
    taught = [trained(seed, stale) for seed in range(seeds)]
    for name in blends(*taught[0]):
        yield (
            name,
            [play(blends(*one)[name](), seed, visits) for seed, one in enumerate(taught)],
        )
