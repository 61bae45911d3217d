"""The world they are played in, and a model trained in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.domain import Action, Events, Facts
from engine.models.base import Model
from engine.models.features import Feature, Number
from engine.models.kinds import parse_model
from training.dataset import Examples, examples
from training.fit import fit_logistic

Vector = NDArray[np.float64]

OFFERS, NUMBERS = 10, 8
HISTORY = 3_000
ACTIONS = tuple(Action(f"offer-{n}", "offer", None, None) for n in range(OFFERS))
FEATURES = tuple(Feature(f"n{i}", f"customer.n{i}", Number(), ("id",)) for i in range(NUMBERS))


class World:
    """True propensities: a few in a hundred, more for those whose taste it is; not linear."""

    def __init__(self, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        self._bases = self.chance.uniform(-3.5, -2.2, OFFERS)
        self._tastes = self.chance.normal(0.0, 0.6, (OFFERS, NUMBERS))
        self._pairs = self.chance.normal(0.0, 0.5, OFFERS)

    def visitor(self) -> Vector:
        """The numbers of somebody who comes by."""
        return self.chance.standard_normal(NUMBERS)

    def truth(self, x: Vector) -> Vector:
        """Each offer's propensity."""
        logits = self._bases + self._tastes.dot(x) + self._pairs * x[0] * x[1]
        truth: Vector = 1.0 / (1.0 + np.exp(-logits))
        return truth

    def drift(self) -> None:
        """Three offers are now liked by others."""
        self._tastes[:3] = self.chance.normal(0.0, 0.6, (3, NUMBERS))


def trained(seed: int, stale: bool = False) -> tuple[Model, list[Facts]]:
    """A model fitted on offers made by chance in this world before any drift, and their facts;
    `stale`: in another world, of which this one knows nothing."""
    table = _history(World(seed + 500 * stale), np.random.default_rng(seed + 2_000))
    cut = int(np.quantile(table.at, 0.9))
    fitted = fit_logistic(table, FEATURES, cut=cut, rescale=False, resamples=2)
    return parse_model(fitted.kind, fitted.artefact), list(table.facts)


def _history(world: World, chance: np.random.Generator) -> Examples:
    world.chance = chance  # other visitors than those who come by later
    rows = [world.visitor() for _ in range(HISTORY)]
    offers = chance.integers(OFFERS, size=HISTORY)
    labels = [float(chance.random() < world.truth(x)[n]) for x, n in zip(rows, offers, strict=True)]
    return examples(
        customers=[facts_of(x).customer for x in rows],
        actions=[ACTIONS[n] for n in offers],
        labels=labels,
        at=range(HISTORY),
    )


def facts_of(x: Vector) -> Facts:
    """The visitor of these numbers, as a model is told."""
    numbers = {f"n{i}": float(value) for i, value in enumerate(x)}
    return Facts(numbers, {}, Events(), "", 0)
