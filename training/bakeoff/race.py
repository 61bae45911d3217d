"""One pass of one contestant over one set, and what comes of all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp, log
from statistics import mean
from typing import Protocol

import msgspec
import numpy as np
from msgspec import Struct

from training.bakeoff.sets import Table


class Contestant(Protocol):
    """Chooses an action for a row of its set, then learns that choice's reward, 0 or 1."""

    def choose(self, row: int) -> int: ...
    def learn(self, row: int, action: int, reward: float) -> None: ...


STANDARDISED = " standardised"
"""At the end of the name of who was told the columns' scale over the whole set beforehand."""

OWN = "ours", "full information"

Maker = Callable[[Table, int], Contestant]


class Result(Struct, frozen=True):
    """`losses`: share of wrong choices, one a shuffle; `cost`: processor time an event, µs."""

    losses: tuple[float, ...]
    cost: float

    @property
    def loss(self) -> float:
        return mean(self.losses)


class Played(Struct, frozen=True):
    """A set and everyone's result on it; a contestant that took too long is not there."""

    name: str
    digest: str
    rows: int
    actions: int
    results: dict[str, Result]


class Earlier(Struct, frozen=True):
    """What is asked of an earlier report; how we stood is worked out anew."""

    shuffles: int
    sets: tuple[Played, ...]


class Standing(Struct, frozen=True):
    """On how many sets our loss is less, and of our loss over theirs the mean and the worst."""

    below_best_vw: int
    geometric_mean: float | None
    worst: float | None


def rivals_of(report: bytes, shuffles: int) -> dict[str, dict[str, Result]]:
    """Everyone's results but our own in an earlier report (JSON), by the set's digest. Raises
    ValueError for what is none, or of another number of shuffles."""
    try:
        known = msgspec.json.decode(report, type=Earlier)
    except msgspec.DecodeError as error:
        raise ValueError(f"no earlier report of the bake-off: {error}") from error
    if known.shuffles != shuffles:
        raise ValueError(f"the earlier report has {known.shuffles} shuffles, not {shuffles}")
    return {
        one.digest: {name: it for name, it in one.results.items() if name not in OWN}
        for one in known.sets
    }


def play(table: Table, make: Maker, shuffles: Iterable[int], patience: float) -> Result | None:
    """A pass over each shuffle; None when one takes longer than `patience` (s) of processor."""
    losses, costs = [], []
    for shuffle in shuffles:
        passed = _pass(table, make(table, shuffle), shuffle, patience)
        if passed is None:
            return None
        losses.append(passed[0])
        costs.append(passed[1])
    return Result(tuple(losses), mean(costs))


def _pass(
    table: Table, contestant: Contestant, shuffle: int, patience: float
) -> tuple[float, float] | None:
    order = np.random.default_rng(shuffle).permutation(len(table.labels)).tolist()
    labels = table.labels.tolist()
    wrong = 0
    start = time.process_time()
    for row in order:
        action = contestant.choose(row)
        right = action == labels[row]
        wrong += not right
        contestant.learn(row, action, float(right))
        if time.process_time() - start > patience:
            return None
    return wrong / len(order), (time.process_time() - start) / len(order) * 1e6


def best(results: Mapping[str, Result], prefix: str, *, unaided: bool = False) -> str | None:
    """Who of those whose name starts so has the least loss; `unaided`: of those who were not told
    the columns' scale beforehand."""
    those = [
        name
        for name in results
        if name.startswith(prefix) and not (unaided and name.endswith(STANDARDISED))
    ]
    return min(those, key=lambda name: results[name].loss) if those else None


def ratio(played: Played, *, unaided: bool = False) -> float | None:
    """Our loss over the best VW's, see `best`; None where there is none."""
    rival = best(played.results, "vw ", unaided=unaided)
    if rival is None or "ours" not in played.results:
        return None
    return _over(played.results["ours"].loss, played.results[rival].loss, played.rows)


def _over(loss: float, other: float, rows: int) -> float:
    """A ratio that half a wrong choice keeps finite where someone made none."""
    return max(loss, 0.5 / rows) / max(other, 0.5 / rows)


def standing(sets: Sequence[Played], *, unaided: bool = False) -> Standing:
    """How we stand beside the best VW of each set, see `best`."""
    ratios = [found for one in sets if (found := ratio(one, unaided=unaided)) is not None]
    return Standing(
        sum(found < 1.0 for found in ratios),
        geometric_mean(ratios) if ratios else None,
        max(ratios, default=None),
    )


def geometric_mean(ratios: Iterable[float]) -> float:
    return exp(mean(log(ratio) for ratio in ratios))
