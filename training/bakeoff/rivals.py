"""The others: Vowpal Wabbit's contextual bandits, and MABWiser's LinUCB and LinTS."""

from __future__ import annotations

import numpy as np
from mabwiser.mab import MAB, LearningPolicy
from numpy.typing import NDArray
from vowpalwabbit import Workspace

from engine.exploration import pick
from training.bakeoff.sets import Table

EXPLORERS = {
    "greedy": "--epsilon 0.0",
    "epsilon": "--epsilon 0.05",
    "bag": "--bag 5",
    "cover": "--cover 5",
    "squarecb": "--squarecb",
    "rnd": "--rnd 3",
    "regcb": "--regcb",
}
RATES = (0.1, 0.5, 2.0, 10.0)
DEFAULT_RATE = 0.5


class Vw:
    """`--cb_explore_adf -q sa`, fed as text; `standard`: numbers are first put in standard
    deviations from their mean over the whole set, which it is told beforehand."""

    def __init__(self, table: Table, seed: int, explorer: str, rate: float, standard: bool) -> None:
        options = f"{EXPLORERS[explorer]} -l {rate} --random_seed {seed + 1}"
        self._workspace = Workspace(f"--cb_explore_adf -q sa --quiet {options}")
        self._contexts = _texts(table, standard)
        self._actions = [f"|a a{number}" for number in range(table.actions)]
        self._chance = np.random.default_rng(seed)

    def choose(self, row: int) -> int:
        found = self._workspace.predict([self._contexts[row], *self._actions])
        self._chances = np.array(found) / sum(found)
        return pick(self._chances, self._chance.random())

    def learn(self, row: int, action: int, reward: float) -> None:
        lines = [self._contexts[row], *self._actions]
        chance = self._chances[action]
        lines[action + 1] = f"{action}:{1.0 - reward}:{chance:.6f} {lines[action + 1]}"
        self._workspace.learn(lines)


class Mabwiser:
    """`policy` by name, at its defaults, on standardised columns (known beforehand too)."""

    def __init__(self, table: Table, seed: int, policy: str) -> None:
        policies = {"linucb": LearningPolicy.LinUCB, "lints": LearningPolicy.LinTS}
        rows, _ = table.matrix()
        self._rows = _standard(rows)
        arms = list(range(table.actions))
        self._bandit = MAB(arms, policies[policy](), seed=seed)
        first = self._rows[: table.actions] * 0.0
        self._bandit.fit(arms, [0.0] * len(arms), first)  # it predicts nothing before a fit

    def choose(self, row: int) -> int:
        return int(self._bandit.predict(self._rows[row : row + 1]))

    def learn(self, row: int, action: int, reward: float) -> None:
        self._bandit.partial_fit([action], [reward], self._rows[row : row + 1])


def _standard(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = columns.std(axis=0)
    scaled: NDArray[np.float64] = (columns - columns.mean(axis=0)) / np.where(spread, spread, 1.0)
    return scaled


def _texts(table: Table, standard: bool) -> list[str]:
    """A `shared` line a row: numbers as they are or standardised, words as they are."""
    parts = []
    for place, column in enumerate(table.columns):
        if column.words is not None:
            parts.append([f"c{place}_{int(value)}" for value in column.values])
            continue
        values = _standard(column.values[:, None])[:, 0] if standard else column.values
        parts.append([f"n{place}:{value:.6g}" if value else "" for value in values])
    return [f"shared |s {' '.join(row)}" for row in zip(*parts, strict=True)]
