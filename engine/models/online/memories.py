"""What is recalled from, as it is kept: the latest answers of all actions, and of two learners.

It must not know what is made of them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.models.online.answers import shared_out
from engine.models.online.expansion import packed

LATEST = 2048

Losses: TypeAlias = tuple[float, float, float]


class Memories(Struct, frozen=True, forbid_unknown_fields=True):
    """`places` (answers × width), `left`, `missed` and `owners` (places in `names`), as
    little-endian float32 and int32, oldest first. `reach`: the typical distance; `losses`:
    squared errors of smooth, of sharp and of the weights alone so far; `slopes` (float32): mean
    squared slopes."""

    names: tuple[str, ...]
    places: bytes
    left: bytes
    missed: bytes
    owners: bytes
    reach: float
    losses: Losses
    slopes: bytes


def joined(one: Memories, other: Memories, room: int = LATEST) -> Memories:
    """The latest answers of both, as many of each as there is room for.

    Either's sharp made up for all that was missed, so that each counts by its share of answers.
    """
    held, more = len(one.owners) // 4, len(other.owners) // 4
    share = held / max(held + more, 1)
    kept, further = shared_out(room, held, more)
    mine, theirs = _latest(one, kept, share), _latest(other, further, 1.0 - share)
    shifted = np.frombuffer(theirs.owners, "<i4") + len(one.names)
    return Memories(
        one.names + other.names,
        mine.places + theirs.places,
        mine.left + theirs.left,
        mine.missed + theirs.missed,
        mine.owners + shifted.astype("<i4").tobytes(),
        share * one.reach + (1.0 - share) * other.reach,
        _added(one.losses, other.losses),
        packed(share * _numbers(one.slopes) + (1.0 - share) * _numbers(other.slopes)),
    )


def _added(one: Losses, other: Losses) -> Losses:
    smooth, sharp, nothing = (a + b for a, b in zip(one, other, strict=True))
    return smooth, sharp, nothing


def _latest(memories: Memories, count: int, share: float) -> Memories:
    held = max(len(memories.owners) // 4, 1)
    places, left, missed, owners = (
        part[len(part) - len(part) // held * count :]
        for part in (memories.places, memories.left, memories.missed, memories.owners)
    )
    missed = packed(_numbers(missed) * np.float32(share))
    return msgspec.structs.replace(memories, places=places, left=left, missed=missed, owners=owners)


def _numbers(data: bytes) -> NDArray[np.float32]:
    return np.frombuffer(data, "<f4")
