"""What actions have in common, as it is kept: what serves, and what a learner goes on from.

What it means is in `shared`.
"""

from __future__ import annotations

from msgspec import Struct


class Shares(Struct, frozen=True, forbid_unknown_fields=True):
    """`weights` of the terms of the moment (float32, little-endian) and the `variance` of the
    first; of actions (`own`), groups and kinds (`kin`: `group savings`) mean and variance."""

    weights: bytes
    variance: float
    own: dict[str, tuple[float, float]]
    kin: dict[str, tuple[float, float]]


class Schooled(Struct, frozen=True, forbid_unknown_fields=True):
    """What a learner keeps: also the terms' `covariance` (float32)."""

    shares: Shares
    covariance: bytes
