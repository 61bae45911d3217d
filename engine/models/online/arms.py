"""Weights of its own that an action serves with: those it learned, or where it is new its kin's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from engine.domain import Action
from engine.errors import ModelRefused
from engine.models.base import LARGEST
from engine.models.features import FACETS
from engine.models.online.expansion import Vector, unpacked
from engine.models.online.regressions import MOST_SEEN, RIDGE
from engine.models.online.snapshot import Arm


class Arms:
    """A snapshot's arms by action, `size` weights each."""

    def __init__(self, arms: Mapping[str, Arm], size: int) -> None:
        """Raises ModelRefused for arms that do not fit."""
        self._arms = arms
        self._size = size
        self._learned = {
            id: (unpacked(arm.weights, size, most=LARGEST), unpacked(arm.precision, size))
            for id, arm in arms.items()
        }
        self._kin: dict[tuple[str, str | None], Vector | None] = {}
        if any((precision < 1.0 / LARGEST).any() for _, precision in self._learned.values()):
            raise ModelRefused(f"a precision below {1.0 / LARGEST:g}")
        if not all(0.0 <= arm.seen <= MOST_SEEN for arm in arms.values()):
            raise ModelRefused(f"a number of answers that is not between 0 and {MOST_SEEN:g}")

    def believed(self, action: Action) -> tuple[Vector, Vector, float]:
        """Weights, precision, and how many answers that rests on; one never seen has its kin's
        weights, and no certainty."""
        if action.id in self._arms:
            return *self._learned[action.id], self._arms[action.id].seen
        nothing = np.full(self._size, RIDGE, np.float32)
        for facet in FACETS[1:]:
            shared = self._shared(facet, getattr(action, facet))
            if shared is not None:
                return shared, nothing, 0.0
        return self._everyones, nothing, 0.0

    def _shared(self, facet: str, key: str | None) -> Vector | None:
        """The weights of an action's kin, worked out once; None where it has none."""
        if (facet, key) not in self._kin:
            arms = self._arms.items()
            kin = [id for id, arm in arms if key is not None and key == getattr(arm, facet)]
            self._kin[facet, key] = self._average(kin) if kin else None
        return self._kin[facet, key]

    @cached_property
    def _everyones(self) -> Vector:
        return self._average(self._arms)

    def _average(self, ids: Iterable[str]) -> Vector:
        """Weights, averaged by how much is known of each."""
        total, seen = np.zeros(self._size), 0.0
        for id in sorted(ids):
            arm = self._arms[id]
            total += arm.seen * self._learned[id][0]
            seen += arm.seen
        return (total / max(seen, 1.0)).astype(np.float32)
