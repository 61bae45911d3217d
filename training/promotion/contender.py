"""Who is judged: a version, or the learner as it went on.

A learner needs no rows held out. What it knew when a decision was made had not been told of the
answer, so that each decision is judged by the snapshot that was the latest at that moment: Dawid's
prequential principle (JRSS A, 1984); Blum, Kalai and Langford, Beating the Hold-Out (COLT 1999).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.catalogue import Catalogue
from engine.models.base import Model
from engine.models.routing import LEARNED
from engine.record import DecisionRecord
from engine.situation import Live, bound
from training.dataset import Examples
from training.offpolicy.candidates import Candidate
from training.predicting import predict

ALWAYS = -1
"""The moment (ms) after which a version that does not go on decides."""

MOMENTS = 50
"""At most so many of a learner's snapshots are asked, evenly over the rows: an older one than the
latest has seen less, never more."""


class Contender(NamedTuple):
    """`versions`, each with the moment (ms) it is of, in order; it decides what came after that
    and until the next. `since` (ms): from when on rows are new to it."""

    name: str
    versions: Sequence[tuple[int, str]]
    load: Callable[[str], Model]
    since: int = 0

    @property
    def latest(self) -> str:
        """The digest of what would serve."""
        return self.versions[-1][1]

    @property
    def learns(self) -> bool:
        """Whether it goes on."""
        return self.name == LEARNED

    def thinned(self, table: Examples) -> Contender:
        """With at most `MOMENTS` versions, those that decide at evenly many of these rows."""
        if not len(table):
            return self
        times = np.quantile(table.at, np.linspace(0.0, 1.0, MOMENTS))
        return self._replace(versions=sorted({self._of(at) for at in times.tolist()}))

    def predict(self, table: Examples) -> NDArray[np.float64]:
        """Each row's propensity, by what would have decided then."""
        deciding = [self._of(at) for at in table.at.tolist()]
        promised = np.empty(len(table))
        for one in sorted(set(deciding)):
            rows = np.array([other == one for other in deciding])
            promised[rows] = predict(self.load(one[1]), table.where(rows))
        return promised

    def candidate(self, name: str, catalogue: Catalogue) -> Candidate:
        """What would have decided with that catalogue, decision by decision."""

        @lru_cache(maxsize=1)  # decisions come in order of time
        def live(digest: str) -> Live:
            return bound(catalogue, self.load(digest))

        def decides(record: DecisionRecord) -> Live:
            return live(self._of(record.now)[1])

        return Candidate(name, decides)

    def _of(self, at: float) -> tuple[int, str]:
        """The version that decides at a time; the first, before all of them."""
        return self.versions[max(bisect_left(self.versions, at, key=lambda one: one[0]) - 1, 0)]


def alone(version: str, load: Callable[[str], Model], since: int = 0) -> Contender:
    """A version that stays as it is."""
    return Contender(version, ((ALWAYS, version),), load, since)
