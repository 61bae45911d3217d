"""Sets of actions as big integers: bit i stands for the catalogue's i-th action by id.

OR and AND of ten thousand actions cost a microsecond; this is where they become index
arrays for numpy, and back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def indices(mask: int) -> NDArray[np.intp]:
    """The positions of the set bits, ascending."""
    packed = mask.to_bytes((mask.bit_length() + 7) // 8, "little")
    bits = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), bitorder="little")
    return np.flatnonzero(bits)


def from_bools(flags: NDArray[np.bool_]) -> int:
    """The mask whose i-th bit is the i-th flag."""
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")
