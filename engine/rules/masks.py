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


def indices(mask: int) -> NDArray[np.intp]:
    """The actions in `mask`, ascending."""
    octets = mask.to_bytes((mask.bit_length() + 7) // 8, "little")
    flags = np.unpackbits(np.frombuffer(octets, np.uint8), bitorder="little")
    return np.flatnonzero(flags)
