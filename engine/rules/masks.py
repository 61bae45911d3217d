"""Sets of actions as whole numbers: bit i is the catalogue's i-th action by id."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def mask_of(actions: Iterable[int]) -> int:
    """The set holding exactly these actions; empty gives 0."""
    held = sorted(actions)
    if not held:
        return 0
    octets = bytearray(held[-1] // 8 + 1)
    for index in held:
        octets[index >> 3] |= 1 << (index & 7)
    return int.from_bytes(octets, "little")


def mask_where(flags: NDArray[np.bool_]) -> int:
    """The set of the actions whose flag is true; `flags` has one flag an action."""
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")


def flags_of(mask: int, actions: int) -> NDArray[np.uint8]:
    """For each of that many actions whether it is in `mask`, as 1 or 0; none beyond is."""
    octets = np.frombuffer(mask.to_bytes((actions + 7) // 8, "little"), np.uint8)
    return np.unpackbits(octets, count=actions, bitorder="little")


def indices(mask: int) -> NDArray[np.intp]:
    """The actions in `mask`, ascending."""
    return np.flatnonzero(flags_of(mask, mask.bit_length()))
