"""A term of each action, of its group and of its kind: a new action starts from its kin's.

In log odds, each a mean and a variance, taken for independent of all others, so that an answer
costs the same whatever the number of actions. What was seen of a term is a precision, and that
times a mean, beyond the prior's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.domain import Action
from engine.errors import ModelRefused
from engine.models.base import LARGEST

Numbers = NDArray[np.float64]
Term = tuple[float, float]

_OWN, _KIN = 2.0, 0.25  # prior variances


class Kinship:
    """Of actions by row; rows come in order."""

    def __init__(self) -> None:
        self._own = np.zeros((0, 2))
        self._kin = np.zeros((1, 2))  # the first is that of no group
        self._kin_rows: dict[str, int] = {}
        self._kin_of = np.zeros((0, 2), np.intp)

    def know(self, row: int, action: Action) -> None:
        """An action, of which nothing is known yet, or who its kin are now."""
        kin = [self._row_of_kin(f"{facet} {name}") for facet, name in _kin(action)]
        kin += [0] * (2 - len(kin))
        if row == len(self._own):
            self._own = np.vstack([self._own, (0.0, _OWN)])
            self._kin_of = np.vstack([self._kin_of, kin])
        self._kin_of[row] = kin

    def terms(self) -> tuple[Numbers, Numbers]:
        """Of each action the sum of its terms, and of their variances; each (actions,)."""
        means, variances = (self._own + self._kin[self._kin_of].sum(axis=1)).T
        return means, variances

    def term(self, row: int) -> Term:
        """The same of one action."""
        return _together(self._own, self._kin, self._kin_of, row)

    def learn(self, row: int, step: float, seen: float) -> None:
        """An answer of a precision of `seen`: by so many of each term's variances."""
        _learn(self._own, self._kin, self._kin_of, row, step, seen)

    def join(self, other: Kinship, rows: Sequence[int]) -> None:
        """Add what another has seen; `rows`: of each of its actions, its row here."""
        for there, here in enumerate(rows):
            self._own[here] = _added(self._own[here], other._own[there], _OWN)
        for name, there in other._kin_rows.items():
            here = self._row_of_kin(name)  # whose actions may all have moved away since
            self._kin[here] = _added(self._kin[here], other._kin[there], _KIN)

    def forget(self, keep: float) -> None:
        """Let all that was seen count `keep` times as much."""
        self._own = np.array([_faded(one, keep, _OWN) for one in self._own]).reshape(-1, 2)
        for row in range(1, len(self._kin)):
            self._kin[row] = _faded(self._kin[row], keep, _KIN)

    def named(self, names: Iterable[str]) -> tuple[dict[str, Term], dict[str, Term]]:
        """Of actions (`names`, by row) and of their kin, each by name."""
        own = dict(zip(names, map(_pair, self._own), strict=True))
        return own, {name: _pair(self._kin[row]) for name, row in self._kin_rows.items()}

    def restore(
        self, own: Mapping[str, Term], kin: Mapping[str, Term], actions: Sequence[Action]
    ) -> None:
        """Go on from these for these actions, by row; those not in it start from their kin.
        Raises ModelRefused for terms that cannot be."""
        told = np.array([*own.values(), *kin.values()]).reshape(-1, 2)
        if not bool((np.abs(told) <= LARGEST).all()) or not bool((told[:, 1] > 0.0).all()):
            raise ModelRefused("shared: a term that is beyond belief, or surer than sure")
        self._kin_rows = {name: row for row, name in enumerate(kin, 1)}
        self._kin = np.array([(0.0, 0.0), *kin.values()])
        count = len(actions)  # rows are made at once: there may be thousands
        self._own, self._kin_of = np.zeros((count, 2)), np.zeros((count, 2), np.intp)
        for row, action in enumerate(actions):
            self.know(row, action)
            self._own[row] = own.get(action.id, (0.0, _OWN))

    def _row_of_kin(self, name: str) -> int:
        """That of a group or kind, of which nothing is known where it is new."""
        if name not in self._kin_rows:
            self._kin_rows[name] = len(self._kin)
            self._kin = np.vstack([self._kin, (0.0, _KIN)])
        return self._kin_rows[name]


def _kin(action: Action) -> Iterable[tuple[str, str]]:
    yield "kind", action.kind
    if action.group is not None:
        yield "group", action.group


def _pair(term: Numbers) -> Term:
    mean, variance = term.tolist()
    return mean, variance


def _added(one: Numbers, other: Numbers, prior: float) -> Term:
    """Mean and variance of what both have seen of a term."""
    precision = 1.0 / one[1] + 1.0 / other[1] - 1.0 / prior
    return (one[0] / one[1] + other[0] / other[1]) / precision, 1.0 / precision


def _faded(one: Numbers, keep: float, prior: float) -> Term:
    precision = 1.0 / prior + keep * (1.0 / one[1] - 1.0 / prior)
    return keep * one[0] / one[1] / precision, 1.0 / precision


@compiled("UniTuple(float64, 2)(float64[:, ::1], float64[:, ::1], intp[:, ::1], intp)")
def _together(own: Numbers, kin: Numbers, kin_of: NDArray[np.intp], row: int) -> Term:
    mean, variance = own[row]
    for one in kin_of[row]:
        mean += kin[one, 0]
        variance += kin[one, 1]
    return mean, variance


@compiled("void(float64[:, ::1], float64[:, ::1], intp[:, ::1], intp, float64, float64)")
def _learn(
    own: Numbers, kin: Numbers, kin_of: NDArray[np.intp], row: int, step: float, seen: float
) -> None:
    own[row, 0] += own[row, 1] * step
    own[row, 1] -= own[row, 1] ** 2 * seen
    for one in kin_of[row]:
        kin[one, 0] += kin[one, 1] * step
        kin[one, 1] -= kin[one, 1] ** 2 * seen
