"""What came of moments like this one: how far off the latest answers were, nearest first.

What is smooth and what is sharp (see `neighbours`) are both of one action's latest answers; what
they say, weighed by how well either did, corrects its mean, and the share of answers that were
nearby says how much is known here.

`left` is what the weights could not learn of an answer: its mean is what noise leaves. `missed`
is what was missed with all that sharp knew: steps along the functional gradient (Kivinen, Smola
and Williamson, Online Learning with Kernels, 2004), for what the expansion is too coarse for.
The two, and saying nothing, are weighed by exp(−2 · squared errors) (Vovk, A Game of Prediction
with Expert Advice, 1998): what is recalled is not believed before it has done better than the
weights alone.

How far apart two places are is a sum of absolute differences, so that one column may decide
alone, each times how steep the weights have found that column to be (Radhakrishnan and others,
Mechanism for Feature Learning, 2024), in units of the typical distance. A place is the
standardised columns, added up to `WIDTH` numbers where there are more; it names nobody.
"""

from __future__ import annotations

from math import exp, inf
from typing import NamedTuple

import numpy as np

from engine.errors import ModelRefused
from engine.models.base import LARGEST
from engine.models.online.answers import owners_of
from engine.models.online.expansion import Expansion, Vector, packed, unpacked
from engine.models.online.memories import LATEST, Losses, Memories
from engine.models.online.neighbours import SAME, Numbers, average, metric_of, nearness, recalled

WIDTH = 24
_PATIENCE = 500  # answers that a running mean remembers
_FEW = 100
_GLANCE = 4  # slopes change slowly
_RATE = 2.0  # at which squared errors up to one are mixable
_KEEP = 0.999  # who did better in about the last thousand answers
_NEAREST = 1e-6  # that typical is: less is as good as none


class _Said(NamedTuple):
    """Of a moment: its place, how far apart from it answers are on average, and what was said of
    each action, see `recalled`."""

    phi: Vector
    place: Vector
    apart: float
    numbers: Numbers


class Recall:
    """The latest answers of all actions, by the action's row."""

    def __init__(self, expansion: Expansion, room: int = LATEST) -> None:
        self._mix = expansion.mix(WIDTH)
        self._columns = expansion.linear
        width = expansion.columns if self._mix is None else WIDTH
        self._losses: Losses = (0.0, 0.0, 0.0)
        self.reach = 1.0
        self.known = 0
        self.taken = 0
        self._room = room
        self._asked: _Said | None = None
        self._parts = np.eye(width, dtype=np.float32) if self._mix is None else _shares(self._mix)
        self._slopes = np.zeros(width, np.float32)
        self._metric = metric_of(self._slopes)
        self._places = np.zeros((width, room), np.float32)
        self._left = np.zeros(room, np.float32)
        self._missed = np.zeros(room, np.float32)
        self._owners = np.zeros(room, np.intp)

    def about(self, phi: Vector, actions: int) -> tuple[Numbers, Numbers]:
        """What to add to each action's mean, and the share of its answers that were nearby, as
        if it had had one more at the typical distance; those of no such row are left out."""
        self._asked = said = self._ask(phi, actions)
        return said.numbers[2], said.numbers[3]

    def take(
        self, phi: Vector, owner: int, error: float, left: float, slopes: Vector | None
    ) -> float:
        """Keep an answer in place of the oldest; how far off the weights were, corrected by what
        was recalled. `error`: how far off they were alone; `left`: how far off they still are,
        now they have learned; `slopes`: of them, by column, squared, where they were looked at."""
        said, self._asked = self._asked, None
        if said is None or said.phi is not phi or owner >= said.numbers.shape[1]:
            said = self._ask(phi, owner + 1)
        smooth, sharp, correction, _ = said.numbers[:, owner].tolist()
        missed = error - sharp
        one, other, nothing = self._losses
        self._losses = (
            _KEEP * (one + min((error - smooth) ** 2, 1.0)),
            _KEEP * (other + min(missed**2, 1.0)),
            _KEEP * (nothing + min(error**2, 1.0)),
        )
        self.known = min(self.known + 1, _PATIENCE)
        if self.taken:
            self._measure(said.apart)
        if slopes is not None:
            weight = (1 if self.known <= _FEW else _GLANCE) / self.known
            average(self._slopes, self._parts, slopes, weight)
            self._metric = metric_of(self._slopes)
        at = self.taken % self._room
        self._places[:, at], self._owners[at] = said.place, owner
        self._left[at], self._missed[at] = left, missed
        self.taken += 1
        return float(error - correction)

    def looks(self, seen: float) -> bool:
        """Whether to look at slopes: after every answer while there are few, later after every
        `_GLANCE`th of an action's."""
        return self.known < _FEW or seen % _GLANCE == 0.0

    def amend(self, phi: Vector, owner: int, more: float, left: float) -> None:
        """The weights were further off by `more` at an answer kept for this very place, if it is
        still kept, and are by `left` now."""
        if self.taken:
            alike = self._near(self._place(phi))[0][0]
            alike *= self._owners[: len(alike)] == owner
            if alike[nearest := int(alike.argmax())] > SAME:
                self._missed[nearest] += np.float32(more)
                self._left[nearest] += np.float32(left)

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
        if not _NEAREST / 2.0 <= memories.reach < inf:
            raise ModelRefused("memories: a reach that cannot be")
        if not all(0.0 <= one <= LARGEST for one in memories.losses):
            raise ModelRefused(f"memories: losses that are not between 0 and {LARGEST:g}")
        at = np.arange(taken - held, taken) % room
        self._places[:, at] = unpacked(memories.places, held, len(self._places), most=LARGEST).T
        self._left[at] = unpacked(memories.left, held, most=LARGEST)
        self._missed[at] = unpacked(memories.missed, held, most=LARGEST)
        self._owners[at] = owners
        self.taken, self.reach = taken, memories.reach
        self._losses = memories.losses
        self._slopes = unpacked(memories.slopes, len(self._slopes), most=LARGEST)
        if self._slopes.min(initial=0.0) < 0.0:
            raise ModelRefused("memories: a squared slope below zero")
        self._metric = metric_of(self._slopes)

    def _trust(self) -> tuple[float, float]:
        """How much smooth and sharp count, each from 0 to 1; the rest is nothing's."""
        least = min(self._losses)
        smooth, sharp, nothing = (exp(_RATE * (least - one)) for one in self._losses)
        total = smooth + sharp + nothing
        return smooth / total, sharp / total

    def _measure(self, apart: float) -> None:
        """The typical distance, a mean over the latest; `apart` is in what it was so far."""
        typical = max(self.reach * apart, _NEAREST)
        self.reach += (typical - self.reach) / max(self.known - 1, 1)

    def _ask(self, phi: Vector, actions: int) -> _Said:
        place = self._place(phi)
        weights, apart = self._near(place)
        trust = self._trust()
        numbers = recalled(self._owners, weights, self._left, self._missed, trust, actions)
        return _Said(phi, place, apart, numbers)

    def _near(self, place: Vector) -> tuple[Vector, float]:
        held = min(self.taken, self._room)
        return nearness(self._places, self._metric, place, self.reach, held)

    def _place(self, phi: Vector) -> Vector:
        columns = phi[self._columns]
        mixed: Vector = columns if self._mix is None else self._mix.dot(columns)
        return mixed


def _shares(mix: Vector) -> Vector:
    """How much each column counts for a number of a place, in all one."""
    parts = np.abs(mix)
    shares: Vector = parts / parts.sum(axis=1, keepdims=True)
    return shares
