"""What came of moments like this one: how far off the latest answers were, nearest first.

    smooth = Σ alike · left / (1 + Σ alike),   sharp = Σ alike · missed / 2
    alike  = exp(−apart / 0.15),   nearby = exp(−1.5 · apart²)

Both are of one action's latest answers; what they say, weighed by how well either did, corrects
its mean, and the share of answers that were nearby says how much is known here.

`left` is what the weights could not learn of an answer: its mean is what noise leaves. `missed`
is what was missed with all that sharp knew: steps along the functional gradient (Kivinen, Smola
and Williamson, Online Learning with Kernels, 2004), for what the expansion is too coarse for.
The two are weighed by exp(−2 · squared errors) (Vovk, A Game of Prediction with Expert Advice,
1998).

`apart` is a sum of absolute differences, so that one column may decide alone, each times how
steep the weights have found that column to be (Radhakrishnan and others, Mechanism for Feature
Learning, 2024), in units of the typical distance. A place is the standardised columns, added up
to `WIDTH` numbers where there are more; it names nobody.
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelRefused
from engine.models.online.answers import owners_of
from engine.models.online.expansion import Expansion, Vector, packed, unpacked
from engine.models.online.memories import LATEST, Memories

Numbers: TypeAlias = NDArray[np.float64]

WIDTH = 24
_LENGTH = 0.15  # how near is alike, in typical distances
_NEAR = 1.5
_PATIENCE = 500  # answers that a running mean remembers
_FEW = 100
_GLANCE = 4  # slopes change slowly
_STEP = 0.5  # of what was missed
_RATE = 2.0  # at which squared errors up to one are mixable
_KEEP = 0.999  # who did better in about the last thousand answers
_SURE = 50.0  # exp of more says nothing more
_LEVEL = 0.1  # a column along which nothing is steep counts a little
_BEND = 0.75  # of squared slopes
_TYPICAL = exp(-_NEAR)
_NEAREST = 1e-6  # that typical is: less is as good as none
_SAME = 1e-3  # of the reach: float32 tells no two equal places further apart


class _Said(NamedTuple):
    """What was said of a moment: how far each answer is, and of each action what is left and
    what was missed there."""

    phi: Vector | None
    apart: NDArray[np.floating]
    smooth: Numbers
    sharp: Numbers


_NOTHING = _Said(None, *np.zeros((3, 0)))


class Recall:
    """The latest answers of all actions, by the action's row."""

    def __init__(self, expansion: Expansion, room: int = LATEST) -> None:
        self._mix = expansion.mix(WIDTH)
        self._columns = expansion.linear
        width = expansion.columns if self._mix is None else WIDTH
        self._losses = (0.0, 0.0)
        self.reach = 1.0
        self.known = 0
        self.taken = 0
        self._room = room
        self._asked = _NOTHING
        self._slopes = np.zeros(width, np.float32)
        self._metric = np.ones(width, np.float32)
        self._places = np.zeros((width, room), np.float32)
        self._left = np.zeros(room, np.float32)
        self._missed = np.zeros(room, np.float32)
        self._owners = np.zeros(room, np.intp)
        self._counts = np.zeros(0)

    def about(self, phi: Vector, actions: int) -> tuple[Numbers, Numbers]:
        """What to add to each action's mean, and the share of its answers that were nearby, as
        if it had had one more at the typical distance; those of no such row are left out."""
        held = slice(self._held)
        owners, apart = self._owners[held], self._apart(self._place(phi), held)
        alike = _alike(apart)
        total = _sums(owners, alike, actions)
        total += 1.0
        smooth = _sums(owners, alike * self._left[held], actions)
        smooth /= total
        alike *= self._missed[held]
        sharp = _sums(owners, alike, actions)
        sharp *= _STEP
        shares = _sums(owners, _nearby(apart), actions)
        shares += _TYPICAL
        shares /= 1.0 + self._counted(actions)[:actions]
        self._asked = _Said(phi, apart, smooth, sharp)
        trust = self._trust()
        return trust * smooth + (1.0 - trust) * sharp, shares

    def take(
        self, phi: Vector, owner: int, error: float, left: float, slopes: Vector | None
    ) -> float:
        """Keep an answer in place of the oldest; how far off the weights were, corrected by what
        was recalled. `error`: how far off they were alone; `left`: how far off they still are,
        now they have learned; `slopes`: of them, by column, squared, where they were looked at."""
        if self._asked.phi is not phi or owner >= len(self._asked.smooth):
            self.about(phi, owner + 1)
        _, apart, smooth, sharp = self._asked
        self._asked = _NOTHING
        answered, missed = error - float(smooth[owner]), error - float(sharp[owner])
        (one, other), trust = self._losses, self._trust()
        self._losses = (
            _KEEP * (one + min(answered**2, 1.0)),
            _KEEP * (other + min(missed**2, 1.0)),
        )
        self.known = min(self.known + 1, _PATIENCE)
        if self.taken:
            self._measure(float(np.add.reduce(apart)) / len(apart))
        if slopes is not None:
            weight = (1 if self.known <= _FEW else _GLANCE) / self.known
            self._slopes += (self._sum(slopes) - self._slopes) * np.float32(weight)
            self._metric = _metric(self._slopes)
        at = self.taken % self._room
        counts = self._counted(owner + 1)
        if self.taken >= self._room:
            counts[self._owners[at]] -= 1.0
        counts[owner] += 1.0
        self._places[:, at], self._owners[at] = self._place(phi), owner
        self._left[at], self._missed[at] = left, missed
        self.taken += 1
        return trust * answered + (1.0 - trust) * missed

    def looks(self, seen: float) -> bool:
        """Whether to look at slopes: after every answer while there are few, later after every
        `_GLANCE`th of an action's."""
        return self.known < _FEW or seen % _GLANCE == 0.0

    def amend(self, phi: Vector, owner: int, more: float, left: float) -> None:
        """The weights were further off by `more` at an answer kept for this very place, if it is
        still kept, and are by `left` now."""
        own = np.flatnonzero(self._owners[: self._held] == owner)
        apart = self._apart(self._place(phi), own)
        if len(own) and apart[nearest := int(apart.argmin())] < _SAME:
            self._missed[own[nearest]] += np.float32(more)
            self._left[own[nearest]] += np.float32(left)

    def memories(self, names: tuple[str, ...]) -> Memories:
        """As kept; `names` are the actions by row."""
        order = np.arange(max(0, self.taken - self._room), self.taken) % self._room
        return Memories(
            names,
            packed(self._places[:, order].T),
            packed(self._left[order]),
            packed(self._missed[order]),
            self._owners[order].astype("<i4").tobytes(),
            self.reach,
            self._losses,
            packed(self._slopes),
        )

    def restore(
        self, memories: Memories, rows: dict[str, int], others: int, taken: int = 0
    ) -> None:
        """Keep what was kept, by these rows; `others` is that of actions not among them.
        `taken`: how many answers ever were, so that they stand where they stood, and sums have
        the same last bits. Raises ModelRefused for what does not fit."""
        kept, names, room = memories.owners, memories.names, self._room
        owners = owners_of(kept, names, rows, others=others, room=room, what="memories")
        held, taken = len(owners), max(taken, len(owners))
        if held != min(taken, room):
            raise ModelRefused(f"memories: {held:,} answers of {taken:,}")
        known = np.array([memories.reach, *memories.losses])
        if memories.reach < _NEAREST / 2.0 or not bool(np.isfinite(known).all()):
            raise ModelRefused("memories: a reach, or losses, that cannot be")
        at = np.arange(taken - held, taken) % room
        self._places[:, at] = unpacked(memories.places, held, len(self._places)).T
        self._left[at] = unpacked(memories.left, held)
        self._missed[at] = unpacked(memories.missed, held)
        self._owners[at] = owners
        # Of all rows, so that serving, where many ask at once, never has to make room.
        self._counts = np.bincount(owners, minlength=others).astype(np.float64)
        self.taken, self.reach = taken, memories.reach
        self._losses = memories.losses
        self._slopes = unpacked(memories.slopes, len(self._slopes))
        if self._slopes.min(initial=0.0) < 0.0:
            raise ModelRefused("memories: a squared slope below zero")
        self._metric = _metric(self._slopes)

    def _trust(self) -> float:
        """How much smooth counts, from 0 to 1."""
        smooth, sharp = self._losses
        return 1.0 / (1.0 + exp(min(_RATE * (smooth - sharp), _SURE)))

    def _measure(self, apart: float) -> None:
        """The typical distance, a mean over the latest; `apart` is in what it was so far."""
        typical = max(self.reach * apart, _NEAREST)
        self.reach += (typical - self.reach) / max(self.known - 1, 1)

    @property
    def _held(self) -> int:
        return min(self.taken, self._room)

    def _counted(self, actions: int) -> Numbers:
        """How many answers of each are kept."""
        if len(self._counts) < actions:
            self._counts = np.append(self._counts, np.zeros(actions - len(self._counts)))
        return self._counts

    def _sum(self, slopes: Vector) -> Vector:
        """Those of the columns that make up a number of a place, on average."""
        if self._mix is None:
            return slopes
        parts = np.abs(self._mix)
        summed: Vector = parts.dot(slopes) / parts.sum(axis=1)
        return summed

    def _place(self, phi: Vector) -> Vector:
        columns = phi[self._columns]
        mixed: Vector = columns if self._mix is None else self._mix.dot(columns)
        return mixed

    def _apart(self, place: Vector, those: slice | NDArray[np.intp]) -> Vector:
        """How far those answers are from a place, the typical distance being one."""
        kept = self._places[:, those] if isinstance(those, slice) else self._places.take(those, 1)
        off = kept - place[:, None]
        np.abs(off, out=off)
        apart: Vector = (self._metric / np.float32(self.reach)).dot(off)
        return apart


def _metric(slopes: Vector) -> Vector:
    """How much each number of a place counts in a distance; one each where all are as steep."""
    typical = slopes.sum() / np.float32(max(len(slopes), 1))
    if typical <= 0.0:
        return np.ones_like(slopes)
    metric: Vector = (slopes / typical + _LEVEL) ** np.float32(_BEND)
    return metric


def _sums(owners: NDArray[np.intp], weights: Vector, actions: int) -> Numbers:
    """The weights added up by owner; of none, zero."""
    sums = np.bincount(owners, weights, actions).astype(np.float64, copy=False)  # whole of none
    return sums if len(sums) == actions else sums[:actions]


def _nearby(apart: Vector) -> Vector:
    nearby: Vector = apart * apart
    nearby *= np.float32(-_NEAR)
    return np.exp(nearby, out=nearby)


def _alike(apart: Vector) -> Vector:
    alike: Vector = apart * np.float32(-1.0 / _LENGTH)
    return np.exp(alike, out=alike)
