"""What an online model learns by, answer by answer: of each action by itself, and of all together.

Two learners that started from one scale and saw different rows are merged by adding what each has
seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.domain import Action
from engine.errors import ModelRefused
from engine.models.encoder import Encoder
from engine.models.features import Feature
from engine.models.online.balance import Balance
from engine.models.online.belief import LEAST, Belief
from engine.models.online.expansion import Expansion, Scale, Vector, binary, breadth, packed, waves
from engine.models.online.hindsight import Hindsight
from engine.models.online.memories import joined
from engine.models.online.promises import Promise, Promises
from engine.models.online.recall import Recall
from engine.models.online.reconsidered import due, reconsidered
from engine.models.online.regressions import Regressions
from engine.models.online.shared import Shared
from engine.models.online.snapshot import Arm, OnlineArtefact
from engine.models.online.state import LearnerState
from engine.models.online.temper import Told


class Learner:
    """Learns from (columns as served, action, reward); `belief` is what it holds now.

    Memory: (columns + 129)² × 4 bytes an action it has seen, 84 KB at 16 columns.
    """

    def __init__(self, features: Sequence[Feature], scale: Scale | None = None) -> None:
        self.features = tuple(features)
        encoder = Encoder(self.features)
        turning = waves(len(encoder.columns), breadth(encoder))
        self.expand = Expansion(binary(encoder), turning, scale)
        self._own = Regressions(self.expand.size)
        self._recall = Recall(self.expand)
        self._hindsight = Hindsight(self.expand.columns)
        self._shared = Shared(encoder, self.expand)
        self._balance = Balance()
        self._promises = Promises()
        self._late = 0.0
        self.actions: dict[str, Action] = {}
        self._rows: dict[str, int] = {}

    @property
    def belief(self) -> Belief:
        """Of the actions it knows, in the order it came to know them."""
        return Belief(
            self._own.weights,
            self._own.variances,
            self._own.seen,
            self._recall,
            self._hindsight,
            self._shared,
            self._balance,
        )

    def know(self, actions: Iterable[Action]) -> None:
        """Make room for actions, of which nothing is known yet."""
        known = len(self._rows)
        for action in actions:
            row = self._rows.setdefault(action.id, len(self._rows))
            self.actions[action.id] = action
            self._shared.know(row, action)
        self._own.know(len(self._rows) - known)

    def learn(self, x: NDArray[np.float64], action_id: str, reward: float) -> None:
        """One answer, to an action it knows: `x` are the raw columns as served."""
        self.take(x, self.expand(x), action_id, reward)

    def take(self, x: NDArray[np.float64], phi: Vector, action_id: str, reward: float) -> None:
        """The same, of columns that were expanded already."""
        row = self._rows[action_id]
        shared = self._shared.take(x, phi, row, reward)
        told = self._take(x, phi, row, reward)
        promised = told.believed if self._balance.often else told.expected
        own = min(max(promised, LEAST), 1.0)
        promise = self._balance.take(reward, own, shared, told.ahead)
        self._promises.keep(action_id, x, promise)

    def expect(
        self,
        x: NDArray[np.float64],
        phi: Vector,
        action_id: str,
        propensity: float,
        *,
        shared: bool,
    ) -> None:
        """Learn what somebody expects, which proves nobody right. `shared`: of what actions share,
        too, as who expects it knows of each."""
        row = self._rows[action_id]
        if shared:
            self._shared.take(x, phi, row, propensity)
            self._balance.vouch()
        self._take(x, phi, row, propensity)

    def _take(self, x: NDArray[np.float64], phi: Vector, row: int, reward: float) -> Told:
        """Learn of an action by itself; what its own answers had told."""
        looks = self._recall.looks(float(self._own.seen[row]))
        error, left = self._own.take(phi, row, reward)
        slopes = self.expand.slopes(phi, self._own.weights[row]) if looks else None
        off = self._recall.take(phi, row, error, left, slopes)
        return self._hindsight.take(x, row, reward, off, error)

    def more(self, x: NDArray[np.float64], action_id: str, before: float, extra: float) -> None:
        """An answer that was learned already, as worth `before`, turned out to be worth so much
        more: as if it had been learned with the whole reward at once."""
        phi, row = self.expand(x), self._rows[action_id]
        promise = self._promises.amend(action_id, x, before, extra)
        promise = promise or self._promised(x, phi, row, before)
        self._balance.amend(promise, extra)
        self._recall.amend(phi, row, extra, self._own.amend(phi, row, extra))
        self._hindsight.amend(x, row, before, extra, promise.ahead)
        self._shared.amend(x, phi, row, extra)
        self._late += abs(extra)
        if due(self._late, self._hindsight.worked):
            self._reconsider()

    def _promised(self, x: NDArray[np.float64], phi: Vector, row: int, before: float) -> Promise:
        """What is now, for want of what was."""
        own, shared = self.belief.apart(x, phi)[0], self._shared.about(x, phi)[0]
        return Promise(before, float(own[row]), float(shared[row]), first=False)

    def _reconsider(self) -> None:
        """Not where more was learned than is kept."""
        self._late, kept = 0.0, self._hindsight.answers()
        if len(kept.rewards) >= self._own.seen.sum():
            actions = [self.actions[name] for name in self._rows]
            self._shared = reconsidered(self.features, self.expand, actions, kept)

    def merge(self, other: Learner) -> None:
        """Add what `other` has seen. Raises ValueError unless both started from one scale."""
        if (other.features, other.expand.terms) != (self.features, self.expand.terms):
            raise ValueError("learners add up only with the same features and the same scale")
        self.know(other.actions.values())
        for id, there in other._rows.items():
            self._own.add(self._rows[id], other._own, there)
        mine, theirs = (one._recall.memories(tuple(one._rows)) for one in (self, other))
        both = joined(mine, theirs)
        known = self._recall.known + other._recall.known
        self._recall = Recall(self.expand)
        self._recall.restore(both, self._rows, len(self._rows))
        self._recall.known = known
        rows = [self._rows[id] for id in other._rows]
        self._hindsight.join(other._hindsight, np.array(rows, np.intp))
        self._shared.join(other._shared, rows)
        self._balance.join(other._balance)
        self._promises.join(other._promises)

    def forget(self, keep: float) -> None:
        """Let all that was seen count `keep` times as much: from 0 to 1, what is newer weighs
        more. What is recalled, trees and who is believed keep to their latest answers."""
        self._own.forget(keep)
        self._shared.forget(keep)

    def snapshot(self) -> OnlineArtefact:
        """What serves from here on."""
        arms = {
            id: Arm(
                action.group,
                action.kind,
                float(self._own.seen[row]),
                packed(self._own.weights[row]),
                packed(self._own.precisions[row]),
            )
            for id, action in self.actions.items()
            for row in (self._rows[id],)
        }
        names = tuple(self._rows)
        return OnlineArtefact(
            self.features,
            self.expand.scale,
            self.expand.waves,
            arms,
            self._recall.memories(names),
            self._hindsight.hindsights(names),
            self._shared.shares(names),
            self._balance.moments,
        )

    def state(self) -> bytes:
        """All it holds, packed: what `restore` makes a learner of that goes on as this one would.
        About the memory it takes, see the class."""
        names = tuple(self._rows)
        held = LearnerState(
            self.features,
            self.expand.scale,
            self.expand.waves,
            tuple(self.actions.values()),
            names,
            self._own.sums(),
            self._recall.memories(names),
            self._recall.known,
            self._recall.taken,
            self._hindsight.learned(names),
            self._shared.schooled(names),
            self._balance.moments,
            self._promises.kept(),
            self._late,
        )
        return msgspec.msgpack.encode(held)

    @classmethod
    def restore(cls, data: bytes) -> Learner:
        """The learner `state` packed. Raises ModelRefused for anything else."""
        try:
            held = msgspec.msgpack.decode(data, type=LearnerState)
            learner = cls(held.features, held.scale)
        except (msgspec.DecodeError, ValueError) as error:
            raise ModelRefused(f"not a learner's state: {error}") from error
        learner._resume(held)
        return learner

    def _resume(self, held: LearnerState) -> None:
        names = held.rows
        self.actions = {action.id: action for action in held.actions}
        those = {*names} == self.actions.keys() and len(names) == len(self.actions)
        if held.waves != self.expand.waves or not those:
            raise ModelRefused("a learner's state that does not fit this version of the learner")
        self._rows = {name: row for row, name in enumerate(names)}
        self._own.resume(held.sums, len(names))
        self._recall.restore(held.memories, self._rows, len(names), held.taken)
        self._recall.known = held.known
        self._hindsight.resume(held.learned, self._rows)
        self._shared.resume(held.schooled, [self.actions[name] for name in names])
        if not 0.0 <= held.late < inf:
            raise ModelRefused("a learner's state of answers that came late and are no number")
        self._balance, self._late = Balance(held.balance), held.late
        self._promises.resume(held.promises)
