"""A learner as it is kept: what `learner` goes on from."""

from __future__ import annotations

from msgspec import Struct

from engine.domain import Action
from engine.models.features import Feature
from engine.models.online.balance import Moments
from engine.models.online.expansion import Scale, Waves
from engine.models.online.hindsights import Count, Learned
from engine.models.online.memories import Memories
from engine.models.online.regressions import Sums
from engine.models.online.shares import Schooled


class LearnerState(Struct, frozen=True, tag="teller.learner.8"):
    """All a learner holds; `rows` are actions by row."""

    features: tuple[Feature, ...]
    scale: Scale
    waves: Waves
    actions: tuple[Action, ...]
    rows: tuple[str, ...]
    sums: Sums
    memories: Memories
    known: Count
    taken: Count
    learned: Learned
    schooled: Schooled
    balance: Moments
    promises: bytes
    late: float
