"""A shadow: predicts where another model decides, beside the answer and never in it.

What was predicted is only set aside while somebody waits for it; comparing happens later, in the
thread that watches for changes, and for so few at a time that it costs the same whatever the
traffic. With no shadow nothing of this is there.
"""

from __future__ import annotations

import time
from collections import deque
from typing import NamedTuple

import numpy as np
import structlog

from engine.arbitration import Vector
from engine.domain import Facts
from engine.models.base import Predicted, Predictor
from engine.services.ports import Watch

AT_ONCE = 32
"""How many are compared at a look, which is about once a second: the latest."""

TOLD_EVERY = 1_000

AT_MOST = 0.01
"""Seconds a look may take, when there is more than one to compare: with very many actions a model
may take milliseconds."""

_log = structlog.get_logger()


class Shadow:
    """Compares its model's propensities with those of whatever decides."""

    def __init__(self, predictor: Predictor, watch: Watch) -> None:
        self._predictor = predictor
        self._watch = watch
        self._waiting: deque[tuple[Facts, Predicted]] = deque(maxlen=AT_ONCE)
        self._compared = _NOTHING

    def along(self, predictor: Predictor) -> Predictor:
        """A predictor in whose footsteps this one follows."""
        return _Followed(predictor, self._waiting)

    def look(self) -> None:
        """Predict for what was decided of late, and say how far that is from what was used."""
        until = time.monotonic() + AT_MOST
        while self._waiting:
            facts, predicted = self._waiting.pop()
            ours, theirs = self._predictor.predict(facts).propensities, predicted.propensities
            if len(ours):
                self._compare(ours, theirs)
            if time.monotonic() >= until:
                self._waiting.clear()

    def _compare(self, ours: Vector, theirs: Vector) -> None:
        off, above = float(np.abs(ours - theirs).mean()), float((ours - theirs).mean())
        same = bool(ours.argmax() == theirs.argmax())
        self._watch.shadowed(off, same)
        self._compared = compared = self._compared.with_one(off, same, above)
        if compared.decisions == TOLD_EVERY:
            _log.info("shadow", version=self._predictor.version, **compared.means())
            self._compared = _NOTHING


class _Compared(NamedTuple):
    """Sums over what was compared since it was last told."""

    decisions: int
    off: float
    same: int
    above: float

    def with_one(self, off: float, same: bool, above: float) -> _Compared:
        return _Compared(self.decisions + 1, self.off + off, self.same + same, self.above + above)

    def means(self) -> dict[str, float]:
        return {
            "scored": self.decisions,
            "mean_difference": self.off / self.decisions,
            "mean_above": self.above / self.decisions,
            "same_best": self.same / self.decisions,
        }


_NOTHING = _Compared(0, 0.0, 0, 0.0)


class _Followed:
    """Predicts as the model it stands for, and lets what it predicted be seen."""

    def __init__(self, predictor: Predictor, waiting: deque[tuple[Facts, Predicted]]) -> None:
        self._predictor = predictor
        self._waiting = waiting

    @property
    def version(self) -> str:
        return self._predictor.version

    def predict(self, facts: Facts) -> Predicted:
        predicted = self._predictor.predict(facts)
        self._waiting.append((facts, predicted))
        return predicted
