"""A learner as it is kept: what `engine.models.learner` goes on from."""

from __future__ import annotations

from msgspec import Struct

from engine.domain import Action
from engine.models.balance import Moments
from engine.models.expansion import Scale, Waves
from engine.models.features import Feature
from engine.models.hindsight import Learned
from engine.models.memories import Memories
from engine.models.regressions import Sums
from engine.models.shares import Schooled


class LearnerState(Struct, frozen=True, tag="teller.learner.6"):
    """All a learner holds; `rows` are actions by row."""

    features: tuple[Feature, ...]
    scale: Scale
    waves: Waves
    actions: tuple[Action, ...]
    rows: tuple[str, ...]
    sums: Sums
    memories: Memories
    known: int
    taken: int
    learned: Learned
    schooled: Schooled
    balance: Moments
    promises: bytes
    late: float
