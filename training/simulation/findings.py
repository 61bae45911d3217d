"""What a simulation found: each policy beside chance and beside the truth, over seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np
from msgspec import Struct

from training.simulation.playing import Run
from training.simulation.world import Vector

_POINTS = 100
_GROUPS = 10


class Spread(Struct, frozen=True):
    """The mean over seeds, with the least and the most of them."""

    mean: float
    least: float
    most: float


class Group(Struct, frozen=True):
    """A tenth of visits and actions, by what was promised: that, and what was true."""

    promised: float
    true: float


class Learned(Struct, frozen=True):
    """Propensities against the truth at the end: tenths of them; how often of two a visitor's
    actions were in the right order (ties half), None where only one is known; the mean distance."""

    groups: tuple[Group, ...]
    in_order: float | None
    distance: float


class Policy(Struct, frozen=True):
    """`worth` a visit, in the catalogue's unit of value, by true chances; `answered`, `fallback`
    shares of visits. `uplift` of worth over chance, 0.1 being a tenth more. `regret`: what the
    oracle had more, over all visits; `relative`: that over what chance regrets, 0 the oracle's
    and 1 chance's. The curves have one number for each of `at`."""

    name: str
    worth: Spread
    answered: Spread
    fallback: Spread
    uplift: Spread | None
    regret: Spread | None
    relative: Spread | None
    curve: tuple[Spread, ...]
    uplifts: tuple[Spread, ...]
    learned: Learned | None


class Findings(Struct, frozen=True):
    """`at`: after so many visits each curve has its points."""

    about: str
    visits: int
    days: int
    seeds: tuple[int, ...]
    at: tuple[int, ...]
    policies: tuple[Policy, ...]

    def json(self) -> bytes:
        """For machines."""
        return msgspec.json.format(msgspec.json.encode(self))

    def of(self, name: str) -> Policy:
        """By name. Raises KeyError."""
        return {policy.name: policy for policy in self.policies}[name]


def findings(about: str, days: int, runs: Sequence[Run], chance: str, oracle: str) -> Findings:
    """The runs put together; `chance` and `oracle` name those to compare with, where there."""
    visits = min(len(run.worth) for run in runs)
    at = np.unique(np.linspace(1, visits, min(visits, _POINTS)).astype(int))
    by = {(run.policy, run.seed): run for run in runs}
    names = list(dict.fromkeys(run.policy for run in runs))
    policies = []
    for name in names:
        mine = [run for run in runs if run.policy == name]
        policies.append(_policy(name, mine, at, by, chance, oracle))
    seeds = tuple(dict.fromkeys(run.seed for run in runs))
    return Findings(about, visits, days, seeds, tuple(at.tolist()), tuple(policies))


def _policy(
    name: str,
    mine: Sequence[Run],
    at: Vector,
    by: dict[tuple[str, int], Run],
    chance: str,
    oracle: str,
) -> Policy:
    totals = [np.cumsum(run.worth)[at - 1] for run in mine]
    low = [_totals(by.get((chance, run.seed)), at) for run in mine]
    high = [_totals(by.get((oracle, run.seed)), at) for run in mine]
    regrets = _each(totals, high, lambda own, best: best - own)
    uplifts = _each(totals, low, lambda own, random: own / random - 1.0)
    wholes = _each(low, high, lambda random, best: best - random)
    relative = _each(regrets, wholes, lambda own, whole: own / whole) if regrets else []
    return Policy(
        name,
        _spread([run.worth.mean() for run in mine]),
        _spread([run.answered.mean() for run in mine]),
        _spread([run.fallback.mean() for run in mine]),
        _last(uplifts),
        _last(regrets),
        _last(relative),
        _curve(regrets),
        _curve(uplifts),
        _learned(mine),
    )


def _totals(run: Run | None, at: Vector) -> Vector | None:
    return None if run is None else np.cumsum(run.worth)[at - 1]


def _each(
    first: Sequence[Vector | None],
    second: Sequence[Vector | None],
    made: Callable[[Vector, Vector], Vector],
) -> list[Vector]:
    """Made of both, seed by seed; nothing where one of them was not played."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return [
            made(one, other)
            for one, other in zip(first, second, strict=False)
            if one is not None and other is not None
        ]


def _spread(values: Iterable[float]) -> Spread:
    found = [float(value) for value in values]
    return Spread(float(np.mean(found)), min(found), max(found))


def _last(curves: Sequence[Vector]) -> Spread | None:
    return _spread([curve[-1] for curve in curves]) if curves else None


def _curve(curves: Sequence[Vector]) -> tuple[Spread, ...]:
    return tuple(_spread(points) for points in zip(*curves, strict=True))


def _learned(mine: Sequence[Run]) -> Learned | None:
    """None for what promises nothing, or the same of everyone."""
    promised = np.concatenate([run.promised.ravel() for run in mine])
    true = np.concatenate([run.true.ravel() for run in mine])
    if not len(promised) or np.ptp(promised) == 0.0:
        return None
    order = np.argsort(promised, kind="stable")
    groups = tuple(
        Group(float(promised[part].mean()), float(true[part].mean()))
        for part in np.array_split(order, _GROUPS)
        if len(part)
    )
    rows = [row for run in mine for row in zip(run.promised, run.true, strict=True)]
    several = len(rows[0][0]) > 1
    return Learned(
        groups,
        float(np.mean([_in_order(*row) for row in rows])) if several else None,
        float(np.abs(promised - true).mean()),
    )


def _in_order(promised: Vector, true: Vector) -> float:
    """Of all pairs of actions, the share that is promised in the true order; ties half."""
    one, other = np.triu_indices(len(true), 1)
    agree = np.sign(promised[one] - promised[other]) * np.sign(true[one] - true[other])
    return float((1.0 + agree).mean() / 2.0)
