"""What was promised of the latest answers as they were learned, for those that come to more later.

It must not know who is believed for it.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.errors import ModelRefused
from engine.models.online.answers import shared_out, told_before

LATEST = 16384

_KEPT = np.dtype(
    [
        ("of", "<u8"),
        ("reward", "<f4"),
        ("own", "<f4"),
        ("shared", "<f4"),
        ("first", "<u1"),
        ("ahead", "<f4"),
    ]
)


class Promise(NamedTuple):
    """What an answer is worth, as far as is known, and what an action's `own` answers and the
    `shared` terms had promised of it; whether it was one of the `first`; how far `ahead` of the
    action's rate what was expected was (`temper`), as far as is known."""

    reward: float
    own: float
    shared: float
    first: bool
    ahead: float = 0.0


class Promises:
    """The latest, oldest first in what is kept of them."""

    def __init__(self, room: int = LATEST) -> None:
        self._room = room
        self._taken = 0
        self._latest = np.zeros(room, _KEPT)

    def keep(self, action_id: str, x: NDArray[np.float64], promise: Promise) -> None:
        """One of an action, at a row of raw columns, in place of the oldest."""
        self._latest[self._taken % self._room] = (_of(action_id, x), *promise)
        self._taken += 1

    def amend(
        self, action_id: str, x: NDArray[np.float64], before: float, more: float
    ) -> Promise | None:
        """Of an answer that was worth `before`, and turned out to be worth so much more; None if
        it is kept no longer. Of answers that are the same it is the oldest of that worth."""
        same = np.flatnonzero(self._latest["of"][: self._held] == _of(action_id, x))
        if not len(same):
            return None
        one = self._latest[told_before(same, self._latest["reward"], before, self._taken)]
        _, reward, own, shared, first, ahead = one.item()
        one["reward"] += more
        return Promise(reward, own, shared, bool(first), ahead)

    def join(self, other: Promises) -> None:
        """Keep the latest of both, as many of each as there is room for."""
        mine, theirs = self._ordered(), other._ordered()
        kept, more = shared_out(self._room, len(mine), len(theirs))
        self._put(np.concatenate([mine[len(mine) - kept :], theirs[len(theirs) - more :]]))

    def kept(self) -> bytes:
        """All it holds."""
        return self._ordered().tobytes()

    def resume(self, kept: bytes) -> None:
        """Go on from what another held. Raises ModelRefused for what does not fit."""
        if len(kept) % _KEPT.itemsize or len(kept) > self._room * _KEPT.itemsize:
            raise ModelRefused(f"promises: {len(kept)} bytes of at most {self._room:,} answers")
        given = np.frombuffer(kept, _KEPT)
        if not all(np.isfinite(given[part]).all() for part in ("reward", "own", "shared", "ahead")):
            raise ModelRefused("promises that are not finite")
        self._put(given)

    @property
    def _held(self) -> int:
        return min(self._taken, self._room)

    def _ordered(self) -> NDArray[np.void]:
        return self._latest[np.arange(self._taken - self._held, self._taken) % self._room]

    def _put(self, given: NDArray[np.void]) -> None:
        self._taken = len(given)
        self._latest[: self._taken] = given


def _of(action_id: str, x: NDArray[np.float64]) -> int:
    digest = blake2b(action_id.encode() + b"\0" + x.tobytes(), digest_size=8).digest()
    return int.from_bytes(digest, "little")
