"""What a learner publishes: all that serving needs, and no more.

What serves from it is in `model`.
"""

from __future__ import annotations

from msgspec import Struct

from engine.models.features import Feature
from engine.models.online.balance import Moments
from engine.models.online.expansion import Scale, Waves
from engine.models.online.hindsights import Hindsights
from engine.models.online.memories import Memories
from engine.models.online.shares import Shares


class Arm(Struct, frozen=True, forbid_unknown_fields=True):
    """What is believed of one action: `weights` and `precision`, one float32 an expanded
    column; `seen` says how many answers that rests on."""

    group: str | None
    kind: str
    seen: float
    weights: bytes
    precision: bytes


class OnlineArtefact(Struct, frozen=True, forbid_unknown_fields=True, tag="teller.online.6"):
    """A snapshot of a learner."""

    features: tuple[Feature, ...]
    scale: Scale
    waves: Waves
    arms: dict[str, Arm]
    memories: Memories
    hindsights: Hindsights
    shares: Shares
    balance: Moments
