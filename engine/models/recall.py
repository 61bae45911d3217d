"""What came of moments like this one: the errors of the latest answers, nearest first.

    correction of an action = Σ w e / (1 + Σ w),  w = exp(−distance² / reach)

over its latest answers; e is how far off the weights were left, `reach` the typical squared
distance to the nearest. It makes up for what the expansion is too coarse for. A place is the
standardised columns, mixed down to `WIDTH` numbers where there are more; it names nobody.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.errors import ModelRefused
from engine.models.expansion import Expansion, Vector, packed, unpacked

LATEST = 4096
WIDTH = 24
_FAR = 4.0
_PATIENCE = 500
_EVERY = 4
_SAME = 1e-3  # of the reach: float32 tells no two equal places further apart


class Memories(Struct, frozen=True, forbid_unknown_fields=True):
    """`places` (answers × width), `errors` and `owners` (places in `names`), as little-endian
    float32 and int32, oldest first."""

    names: tuple[str, ...] = ()
    places: bytes = b""
    errors: bytes = b""
    owners: bytes = b""
    reach: float = 1.0


def joined(one: Memories, other: Memories, room: int = LATEST) -> Memories:
    """The latest answers of both, as many of each as there is room for."""
    held, more = len(one.owners) // 4, len(other.owners) // 4
    kept = max(room // 2, room - more) if held + more > room else held
    left, right = _latest(one, min(held, kept)), _latest(other, min(more, room - min(held, kept)))
    shifted = np.frombuffer(right.owners, "<i4") + len(one.names)
    return Memories(
        one.names + other.names,
        left.places + right.places,
        left.errors + right.errors,
        left.owners + shifted.astype("<i4").tobytes(),
        (one.reach + other.reach) / 2.0,
    )


def _latest(memories: Memories, count: int) -> Memories:
    held = max(len(memories.owners) // 4, 1)
    places, errors, owners = (
        part[len(part) - len(part) // held * count :]
        for part in (memories.places, memories.errors, memories.owners)
    )
    return Memories(memories.names, places, errors, owners, memories.reach)


class Recall:
    """The latest answers of all actions, by the action's row."""

    def __init__(self, expansion: Expansion, room: int = LATEST) -> None:
        self._mix = expansion.mix(WIDTH)
        self._columns = expansion.linear
        width = expansion.columns if self._mix is None else WIDTH
        self.reach = 1.0
        self.taken = 0
        self._room = room
        self._places = np.zeros((room, width), np.float32)
        self._squares = np.zeros(room, np.float32)
        self._errors = np.zeros(room, np.float32)
        self._owners = np.zeros(room, np.intp)
        self.known = 0

    def corrections(self, phi: Vector, actions: int) -> NDArray[np.float64]:
        """What to add to each action's mean; those of no such row are left out."""
        held = min(self.taken, self._room)
        distances = self._distances(self._place(phi), held)
        near = np.flatnonzero(distances < _FAR * self.reach)
        owners = self._owners[near]
        weights = np.exp(distances[near] * np.float32(-1.0 / self.reach))
        total = np.bincount(owners, weights, actions + 1)
        off = np.bincount(owners, weights * self._errors[near], actions + 1)
        found: NDArray[np.float64] = (off / (1.0 + total))[:actions]
        return found

    def take(self, phi: Vector, owner: int, error: float) -> None:
        """Keep an answer in place of the oldest."""
        place = self._place(phi)
        if self.taken > _EVERY and self.taken % _EVERY == 0:
            held = min(self.taken, self._room)
            nearest = max(float(self._distances(place, held).min()), 1e-6)
            self.known = min(self.known + 1, _PATIENCE)
            self.reach += (nearest - self.reach) / (self.known + 1)
        at = self.taken % self._room
        self._places[at] = place
        self._squares[at] = place.dot(place)
        self._errors[at] = error
        self._owners[at] = owner
        self.taken += 1

    def amend(self, phi: Vector, owner: int, more: float) -> None:
        """An answer kept for this very place was further off by `more`, if it is still kept."""
        held = min(self.taken, self._room)
        distances = self._distances(self._place(phi), held)
        distances[self._owners[:held] != owner] = np.inf
        if held and distances[nearest := int(distances.argmin())] < _SAME * self.reach:
            self._errors[nearest] += np.float32(more)

    def memories(self, names: tuple[str, ...]) -> Memories:
        """As kept; `names` are the actions by row."""
        order = np.arange(max(0, self.taken - self._room), self.taken) % self._room
        owners = self._owners[order].astype("<i4").tobytes()
        errors = packed(self._errors[order])
        return Memories(names, packed(self._places[order]), errors, owners, self.reach)

    def restore(self, memories: Memories, rows: dict[str, int], others: int) -> None:
        """Keep what was kept, by these rows; `others` is that of actions not among them.
        Raises ModelRefused for what does not fit."""
        owners = np.frombuffer(memories.owners, "<i4") if len(memories.owners) % 4 == 0 else ()
        held = len(owners)
        width = self._places.shape[1]
        if held > self._room or not 0.0 < memories.reach < np.inf:
            raise ModelRefused(f"memories: {held:,} where at most {self._room:,} are kept")
        if held and not 0 <= int(np.min(owners)) <= int(np.max(owners)) < len(memories.names):
            raise ModelRefused("memories: an answer of no action")
        table = np.array([rows.get(name, others) for name in memories.names], np.intp)
        self._places[:held] = unpacked(memories.places, held, width)
        self._squares[:held] = (self._places[:held] ** 2).sum(axis=1)
        self._errors[:held] = unpacked(memories.errors, held)
        self._owners[:held] = table[np.array(owners, np.intp)]
        self.taken, self.reach = held, memories.reach

    def _place(self, phi: Vector) -> Vector:
        columns = phi[self._columns]
        mixed: Vector = columns if self._mix is None else self._mix.dot(columns)
        return mixed

    def _distances(self, place: Vector, held: int) -> Vector:
        distances: Vector = self._places[:held].dot(place)
        distances *= -2.0
        distances += self._squares[:held]
        distances += place.dot(place)
        return distances
