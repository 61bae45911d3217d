"""What an online model learns by: sufficient statistics an action, which add up.

    A = ridge + Σ φ φᵀ,  b = Σ φ · reward,  weights = A⁻¹ b

One answer is one rank-one change of A⁻¹ (Sherman and Morrison). Two learners that started
from one scale and saw different rows are merged by adding what each has seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain import Action
from engine.errors import ModelRefused
from engine.models.balance import Balance, Moments
from engine.models.expansion import Expansion, Scale, Vector, Waves, packed, unpacked, waves
from engine.models.features import Encoder, Feature
from engine.models.hindsight import Hindsight, Learned
from engine.models.memories import Memories, joined
from engine.models.online import LEAST, RIDGE, Arm, Belief, OnlineArtefact, binary
from engine.models.recall import Recall
from engine.models.reconsidered import due, reconsidered
from engine.models.shared import Schooled, Shared


class LearnerState(Struct, frozen=True, tag="teller.learner.5"):
    """What a learner holds; arrays as little-endian float32, `rows` are actions by row."""

    features: tuple[Feature, ...]
    scale: Scale
    waves: Waves
    actions: tuple[Action, ...]
    rows: tuple[str, ...]
    seen: tuple[float, ...]
    inverses: bytes
    weights: bytes
    precisions: bytes
    memories: Memories
    known: int
    learned: Learned
    schooled: Schooled
    balance: Moments
    taken: int = 0
    late: float = 0.0


class Learner:
    """Learns from (columns as served, action, reward); `belief` is what it holds now.

    Memory: (columns + 129)² × 4 bytes an action it has seen, 84 KB at 16 columns.
    """

    def __init__(self, features: Sequence[Feature], scale: Scale | None = None) -> None:
        self.features = tuple(features)
        encoder = Encoder(self.features)
        self.expand = Expansion(binary(encoder), waves(len(encoder.columns)), scale)
        self._recall = Recall(self.expand)
        self._hindsight = Hindsight(self.expand.columns)
        self._shared = Shared(encoder, self.expand)
        self._balance = Balance()
        self._late = 0.0
        size = self.expand.size
        self.actions: dict[str, Action] = {}
        self._rows: dict[str, int] = {}
        self._seen = np.zeros(0)
        self._inverses: list[Vector] = []
        self._weights = np.zeros((0, size), np.float32)
        self._precisions = np.zeros((0, size), np.float32)
        self._variances = np.zeros((0, size), np.float32)
        self._change = np.empty((size, size), np.float32)

    @property
    def belief(self) -> Belief:
        """Of the actions it knows, in the order it came to know them."""
        return Belief(
            self._weights,
            self._variances,
            self._seen,
            self._recall,
            self._hindsight,
            self._shared,
            self._balance,
        )

    def know(self, actions: Iterable[Action]) -> None:
        """Make room for actions, of which nothing is known yet."""
        size = self.expand.size
        for action in actions:
            if action.id not in self._rows:
                self._rows[action.id] = len(self._rows)
                self._inverses.append(np.eye(size, dtype=np.float32) / np.float32(RIDGE))
            self.actions[action.id] = action
            self._shared.know(self._rows[action.id], action)
        new = len(self._rows) - len(self._weights)
        prior = np.full((new, size), RIDGE, np.float32)
        self._seen = np.append(self._seen, np.zeros(new))
        self._weights = np.vstack([self._weights, np.zeros((new, size), np.float32)])
        self._precisions = np.vstack([self._precisions, prior])
        self._variances = np.vstack([self._variances, 1.0 / prior])

    def learn(self, x: NDArray[np.float64], action_id: str, reward: float) -> None:
        """One answer, to an action it knows: `x` are the raw columns as served."""
        self.take(x, self.expand(x), action_id, reward)

    def take(self, x: NDArray[np.float64], phi: Vector, action_id: str, reward: float) -> None:
        """The same, of columns that were expanded already."""
        row = self._rows[action_id]
        shared = self._shared.take(x, phi, row, reward)
        own = min(max(reward - self._take(x, phi, row, reward), LEAST), 1.0)
        self._balance.take(reward, own, shared)

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

    def _take(self, x: NDArray[np.float64], phi: Vector, row: int, reward: float) -> float:
        """Learn of an action by itself; how far off its own answers were."""
        weights, inverse = self._weights[row], self._inverses[row]
        gain = inverse.dot(phi)
        error = reward - float(weights.dot(phi))
        surprise = 1.0 + float(gain.dot(phi))
        weights += gain * np.float32(error / surprise)
        looks = self._recall.looks(float(self._seen[row]))
        slopes = self.expand.slopes(phi, weights) if looks else None
        off = self._recall.take(phi, row, error, error / surprise, slopes)
        left = self._hindsight.take(x, row, reward, off, error)
        step = (gain / np.float32(sqrt(surprise)))[:, None]
        inverse -= np.dot(step, step.T, out=self._change)
        precision = self._precisions[row]
        precision += phi * phi
        np.reciprocal(precision, out=self._variances[row])
        self._seen[row] += 1.0
        return left

    def more(self, x: NDArray[np.float64], action_id: str, extra: float) -> None:
        """An answer that was learned already turned out to be worth so much more: as if it had
        been learned with the whole reward at once."""
        phi, row = self.expand(x), self._rows[action_id]
        both = self.belief.apart(x, phi), self._shared.about(x, phi)
        self._balance.amend(extra, *(float(promised[row]) for promised, _ in both))
        gain = self._inverses[row].dot(phi)
        self._weights[row] += gain * np.float32(extra)
        self._recall.amend(phi, row, extra, extra * (1.0 - float(gain.dot(phi))))
        self._hindsight.amend(x, row, extra)
        self._shared.amend(x, phi, row, extra)
        self._late += abs(extra)
        if due(self._late, self._hindsight.worked):
            self._reconsider()

    def _reconsider(self) -> None:
        """Not where more was learned than is kept."""
        self._late, kept = 0.0, self._hindsight.answers()
        if len(kept.rewards) >= self._seen.sum():
            actions = [self.actions[name] for name in self._rows]
            self._shared = reconsidered(self.features, self.expand, actions, kept)

    def merge(self, other: Learner) -> None:
        """Add what `other` has seen. Raises ValueError unless both started from one scale."""
        if (other.features, other.expand.terms) != (self.features, self.expand.terms):
            raise ValueError("learners add up only with the same features and the same scale")
        self.know(other.actions.values())
        for id, there in other._rows.items():
            here = self._rows[id]
            moments, answers = self._statistics(here)
            more, further = other._statistics(there)
            self._settle(here, moments + more, answers + further)
            self._seen[here] += other._seen[there]
        mine, theirs = (one._recall.memories(tuple(one._rows)) for one in (self, other))
        both = joined(mine, theirs)
        self._recall = Recall(self.expand)
        self._recall.restore(both, self._rows, len(self._rows))
        rows = [self._rows[id] for id in other._rows]
        self._hindsight.join(other._hindsight, np.array(rows, np.intp))
        self._shared.join(other._shared, rows)
        self._balance.join(other._balance)

    def forget(self, keep: float) -> None:
        """Let all that was seen count `keep` times as much: from 0 to 1, what is newer weighs
        more. What is recalled, trees and who is believed keep to their latest answers."""
        for row in self._rows.values():
            moments, answers = self._statistics(row)
            self._settle(row, keep * moments, keep * answers)
            self._seen[row] *= keep
        self._shared.forget(keep)

    def snapshot(self) -> OnlineArtefact:
        """What serves from here on."""
        arms = {
            id: Arm(
                action.group,
                action.kind,
                float(self._seen[row]),
                packed(self._weights[row]),
                packed(self._precisions[row]),
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
        held = LearnerState(
            self.features,
            self.expand.scale,
            self.expand.waves,
            tuple(self.actions.values()),
            tuple(self._rows),
            tuple(self._seen.tolist()),
            b"".join(map(packed, self._inverses)),
            packed(self._weights),
            packed(self._precisions),
            self._recall.memories(tuple(self._rows)),
            self._recall.known,
            self._hindsight.learned(tuple(self._rows)),
            self._shared.schooled(self._rows),
            self._balance.moments,
            self._recall.taken,
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
        names, size = held.rows, self.expand.size
        self.actions = {action.id: action for action in held.actions}
        fits = held.waves == self.expand.waves and len(held.seen) == len(names)
        if not fits or self.actions.keys() != set(names) or held.known < 0:
            raise ModelRefused("a learner's state that does not fit this version of the learner")
        self._rows = {name: row for row, name in enumerate(names)}
        self._seen = np.array(held.seen)
        self._inverses = list(unpacked(held.inverses, len(names), size, size))
        self._weights = unpacked(held.weights, len(names), size)
        self._precisions = unpacked(held.precisions, len(names), size)
        self._variances = 1.0 / self._precisions
        self._recall.restore(held.memories, self._rows, len(names), held.taken)
        self._recall.known = held.known
        self._hindsight.resume(held.learned, self._rows)
        self._shared.resume(held.schooled, [self.actions[name] for name in names])
        self._balance, self._late = Balance(held.balance), held.late

    def _statistics(self, row: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Σ φ φᵀ and Σ φ · reward of an action."""
        precision = np.linalg.inv(self._inverses[row].astype(np.float64))
        answers = precision.dot(self._weights[row].astype(np.float64))
        return precision - RIDGE * np.eye(self.expand.size), answers

    def _settle(self, row: int, moments: NDArray[np.float64], answers: NDArray[np.float64]) -> None:
        precision = RIDGE * np.eye(self.expand.size) + moments
        self._inverses[row] = np.linalg.inv(precision).astype(np.float32)
        self._weights[row] = np.linalg.solve(precision, answers)
        self._precisions[row] = np.diagonal(precision)
        self._variances[row] = 1.0 / self._precisions[row]
