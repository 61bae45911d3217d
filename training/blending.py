"""How to blend a trained model with one that learns as it serves: by measured regret.

`python -m training.blending`, seeded. Ten offers, eight numbers of a customer. The trained model
(`fit_logistic`, crossed with every offer) has seen 3,000 offers made by chance; then comes one
visit after the other, and half-way the tastes for three of the offers change. Regret is what the
best offer's true propensity exceeds the chosen one's by.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from engine.domain import Action, Events, Facts
from engine.exploration import METHODS, Posterior, pick
from engine.hashing import uniform
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.models.encoder import Encoder
from engine.models.features import Feature, Number
from engine.models.kinds import parse_model
from engine.models.online.instruction import instruct
from engine.models.online.learner import Learner
from training.dataset import Examples, examples
from training.fit import fit_logistic

Vector = NDArray[np.float64]

OFFERS, NUMBERS = 10, 8
HISTORY, VISITS, EARLY = 3_000, 6_000, 1_000
FACTS, FEW = 200, 30
WORTHS = (30.0, 100.0, 300.0, 1_000.0)
_ACTIONS = tuple(Action(f"offer-{n}", "offer", None, None) for n in range(OFFERS))
_FEATURES = tuple(Feature(f"n{i}", f"customer.n{i}", Number(), ("id",)) for i in range(NUMBERS))
_GREEDY, _THOMPSON = METHODS["epsilon"](0.05), METHODS["thompson"](0.02)


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


class Blend(Protocol):
    """Chances of the offers for a visitor, and learning what came of one."""

    def chances(self, x: Vector, key: str) -> Vector: ...

    def learn(self, offer: int, reward: float) -> None: ...


class Chance:
    """Any offer alike."""

    def chances(self, x: Vector, key: str) -> Vector:  # noqa: ARG002 - whoever comes
        return np.full(OFFERS, 1.0 / OFFERS)

    def learn(self, offer: int, reward: float) -> None:
        """It learns nothing."""


class Trained:
    """The trained model alone, with a little exploring."""

    def __init__(self, model: Model) -> None:
        self._scorer = model.bind(_ACTIONS)

    def chances(self, x: Vector, key: str) -> Vector:  # noqa: ARG002 - nothing is drawn
        return _GREEDY.probabilities(self._scorer.score(_facts(x)).propensities, None)

    def learn(self, offer: int, reward: float) -> None:
        """It learns nothing until it is trained again."""


class Online:
    """The learner; `worth` more than 0: told beforehand what the trained model expects."""

    def __init__(self, model: Model, seen: list[Facts], worth: float = 0.0) -> None:
        self._learner = Learner(_FEATURES)
        self._learner.know(_ACTIONS)
        if worth:
            for one in seen[:FACTS]:
                self._learner.expand.see(np.array(Encoder(_FEATURES).encode(one)))
            instruct(self._learner, model, _ACTIONS, seen[:FACTS], worth)

    def chances(self, x: Vector, key: str) -> Vector:
        self._learner.expand.see(x)
        self._x, self._phi = x, self._learner.expand(x)
        propensities, scales = self._learner.belief.about(x, self._phi)
        return _THOMPSON.probabilities(propensities, Posterior(scales, key))

    def learn(self, offer: int, reward: float) -> None:
        self._learner.take(self._x, self._phi, _ACTIONS[offer].id, reward)


class Offset:
    """The trained model's propensity, and what the learner says it is off by."""

    def __init__(self, model: Model) -> None:
        self._scorer = model.bind(_ACTIONS)
        self._learner = Learner(_FEATURES)
        self._learner.know(_ACTIONS)

    def chances(self, x: Vector, key: str) -> Vector:
        learner = self._learner
        learner.expand.see(x)
        self._x, self._phi = x, learner.expand(x)
        self._offset = self._scorer.score(_facts(x)).propensities
        _, scales = learner.belief.about(x, self._phi)
        means = self._offset + learner.belief.weights.dot(self._phi)
        return _THOMPSON.probabilities(means.clip(1e-3, 1.0), Posterior(scales, key))

    def learn(self, offer: int, reward: float) -> None:
        self._learner.take(self._x, self._phi, _ACTIONS[offer].id, reward - self._offset[offer])


class Column:
    """The learner, with what the trained model says of an offer as one more column."""

    def __init__(self, model: Model) -> None:
        self._scorer = model.bind(_ACTIONS)
        told = Feature("trained", "customer.trained", Number())
        self._learner = Learner((*_FEATURES, told))
        self._learner.know(_ACTIONS)

    def chances(self, x: Vector, key: str) -> Vector:
        learner = self._learner
        trained = self._scorer.score(_facts(x)).propensities
        rows = [np.append(x, np.log(one / (1.0 - one))) for one in trained]
        learner.expand.see(rows[int(uniform(key, "see") * OFFERS)])
        self._rows = [(row, learner.expand(row)) for row in rows]
        about = [learner.belief.about(row, phi) for row, phi in self._rows]
        means, scales = (
            np.array([one[part][offer] for offer, one in enumerate(about)]) for part in (0, 1)
        )
        return _THOMPSON.probabilities(means, Posterior(scales, key))

    def learn(self, offer: int, reward: float) -> None:
        self._learner.take(*self._rows[offer], _ACTIONS[offer].id, reward)


class Regret(NamedTuple):
    """Answers missed a thousand visits: of the first thousand, until the drift, after it."""

    early: float
    before: float
    after: float

    @property
    def whole(self) -> float:
        return (self.before + self.after) / 2.0


def blends(model: Model, seen: list[Facts]) -> Mapping[str, Callable[[], Blend]]:
    """Every blend by name, ready to begin."""
    told = {
        f"prior, worth {worth:g} answers an offer": lambda worth=worth: Online(model, seen, worth)
        for worth in WORTHS
    }
    return {
        "by chance": Chance,
        "trained alone": lambda: Trained(model),
        "online alone": lambda: Online(model, seen),
        "online, told 5% of everything": lambda: Online(UNTRAINED, seen[:FEW], float(FEW)),
        **told,
        "offset": lambda: Offset(model),
        "column": lambda: Column(model),
    }


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


def trained(seed: int, stale: bool = False) -> tuple[Model, list[Facts]]:
    """A model fitted on offers made by chance in this world before any drift, and their facts;
    `stale`: in another world, of which this one knows nothing."""
    table = _history(World(seed + 500 * stale), np.random.default_rng(seed + 2_000))
    cut = int(np.quantile(table.at, 0.9))
    fitted = fit_logistic(table, _FEATURES, cut=cut, rescale=False, resamples=2)
    return parse_model(fitted.kind, fitted.artefact), list(table.facts)


def _history(world: World, chance: np.random.Generator) -> Examples:
    world.chance = chance  # other visitors than those who come by later
    rows = [world.visitor() for _ in range(HISTORY)]
    offers = chance.integers(OFFERS, size=HISTORY)
    labels = [float(chance.random() < world.truth(x)[n]) for x, n in zip(rows, offers, strict=True)]
    return examples(
        customers=[_facts(x).customer for x in rows],
        actions=[_ACTIONS[n] for n in offers],
        labels=labels,
        at=range(HISTORY),
    )


def _facts(x: Vector) -> Facts:
    numbers = {f"n{i}": float(value) for i, value in enumerate(x)}
    return Facts(numbers, {}, Events(), "", 0)


def study(seeds: int, visits: int, stale: bool = False) -> Iterator[tuple[str, list[Regret]]]:
    """Every blend's regrets, a world each."""
    taught = [trained(seed, stale) for seed in range(seeds)]
    for name in blends(*taught[0]):
        yield (
            name,
            [play(blends(*one)[name](), seed, visits) for seed, one in enumerate(taught)],
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--visits", type=int, default=VISITS)
    parser.add_argument("--stale", action="store_true", help="the trained model knows nothing")
    asked = parser.parse_args()
    table = Table("", "first thousand", "before the drift", "after it", "all", "all, by world")
    for name, regrets in study(asked.seeds, asked.visits, asked.stale):
        means = [f"{np.mean(part):.1f}" for part in zip(*regrets, strict=True)]
        whole = [one.whole for one in regrets]
        by_world = " ".join(f"{one:.0f}" for one in whole)
        table.add_row(name, *means, f"{np.mean(whole):.1f}", by_world)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
