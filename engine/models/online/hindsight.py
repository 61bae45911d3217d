"""What the rest of the learner was off by, at answers that end in the same leaves as this moment.

Trees are grown anew (`growing`) whenever the answers have doubled, so that growing
costs a small multiple of its last time; what comes between is dropped into the leaves there are.

Of each answer is kept what the rest missed before it learned of it (honest, so that what the
weights learn by heart does not hide what they cannot learn), what was missed with that and all
that the trees knew then (steps along the functional gradient, as in `recall`),
what the weights alone missed, and the reward: four ways to correct a mean (`ways`).
"""

from __future__ import annotations

from math import isfinite
from operator import mul
from typing import NamedTuple

import numpy as np

from engine.errors import ModelRefused
from engine.models.online.answers import Answers, latest, room_for, told_before
from engine.models.online.expansion import packed, unpacked
from engine.models.online.growing import grown
from engine.models.online.hindsights import Hindsights, Learned, read
from engine.models.online.tallies import Tallies, most_leaves
from engine.models.online.temper import Temper, Told
from engine.models.online.ways import added, judged, said, together, trust
from engine.models.online.wood import (
    MOST_NODES,
    TREES,
    Cuts,
    Felled,
    Numbers,
    Places,
    Wood,
)

LATEST = 16384
_FIRST = 32  # answers, before which there is nothing to grow from
_GROWTH = 1.0  # of the answers, after which trees are grown anew
_IDLE = 0.99  # where nothing counts for more than this, serving saves itself the trees
_JUDGES = 32  # of a node's answers, which of its cuts is best
_SOME = 8.0
_STEPS = 2.0**20
_LARGEST = 1e38  # that float32 holds


class _Asked(NamedTuple):
    """A moment, as kept, and its leaves."""

    x: Numbers | None
    row: Cuts
    leaves: Places


_NOTHING = _Asked(None, np.zeros(0, np.float32), np.zeros(0, np.intp))


class _Known(NamedTuple):
    """Trees, and what the answers in each of their leaves come to."""

    wood: Wood
    tallies: Tallies


class Hindsight:
    """The latest answers of all actions, by the action's row, and the trees over them."""

    def __init__(self, columns: int, room: int = LATEST) -> None:
        self._room = room
        self._known: _Known | None = None
        self._kept = room_for(room, columns)
        self._ends = np.zeros((room, TREES), np.uint16)
        self._losses = Hindsights().losses
        self.temper = Temper()
        self._taken, self._wait, self._times = 0, _FIRST, 0
        self._asked = _NOTHING

    def about(self, x: Numbers, rest: Numbers, alone: Numbers) -> Numbers:
        """What to add to each action's mean `rest` at a row of raw columns, which is not to be
        written to before it is learned of; `alone`: the means by the weights. Answers of no such
        row are left out."""
        nothing, ways = trust(self._losses)
        actions = len(rest)
        if self._known is None or nothing > _IDLE:
            return np.zeros(actions)
        tallies = self._known.tallies
        more, owners = max(tallies.rows - actions, 0), tallies.owners
        if more:
            rest, alone = np.append(rest, np.zeros(more)), np.append(alone, np.zeros(more))
        sums = tallies.at(self._at(x).leaves)
        told = np.zeros(actions + more)
        told[owners] = together(ways, sums, rest.take(owners), alone.take(owners))
        return told[:actions]

    def take(self, x: Numbers, owner: int, reward: float, off: float, alone: float) -> Told:
        """Keep an answer in place of the oldest; what was told of it. `off`: how far off the rest
        was, before it learned of it; `alone`: how far off the weights were by themselves."""
        at, kept, off, alone = self._taken % self._room, self._kept, _exact(off), _exact(alone)
        missed, left, reward = off, off, _exact(reward)
        _, row, leaves = self._at(x)
        if self._known is not None:
            tallies = self._known.tallies
            ways = said(tallies.of(leaves, owner), reward - off, reward - alone)
            left, missed = off - sum(map(mul, trust(self._losses)[1], ways)), _exact(off - ways[1])
            self._losses = judged(self._losses, off, ways)
            if self._taken >= self._room:
                gone = -np.concatenate(kept.parts(slice(at, at + 1)))
                tallies.add(self._ends[at].astype(np.intp), int(kept.owners[at]), gone)
            self._ends[at] = leaves
        if self._taken >= self._room:
            self.temper.count(int(kept.owners[at]), -float(kept.rewards[at]), -1.0)
        told = self.temper.take(owner, reward, reward - left)
        kept.rows[at], kept.rewards[at], kept.owners[at] = row, reward, owner
        kept.honest[at], kept.missed[at], kept.alone[at] = off, missed, alone
        self._asked = _NOTHING
        self._taken += 1
        self._wait -= 1
        if self._known is not None:
            if self._known.tallies.fits(owner):
                parts = np.array([1.0, off, missed, alone, reward])
                self._known.tallies.add(leaves, owner, parts)
            else:
                self._make_room(self._known.wood)
        if self._wait <= 0:
            self._grow()
        return told

    def amend(self, x: Numbers, owner: int, before: float, more: float, ahead: float) -> None:
        """An answer that was worth `before`, and of which what was expected was so far `ahead`,
        turned out to be worth so much more, if it is still kept. Of answers that are the same it
        is the oldest of that worth."""
        kept = self._kept.at(slice(self._held))
        same = np.flatnonzero((kept.rows == _row(x)).all(axis=1) & (kept.owners == owner))
        if len(same):
            at, more = told_before(same, kept.rewards, before, self._taken), _exact(more)
            self.temper.amend(owner, more, ahead, (self._taken - 1 - at) % self._room)
            for part in (kept.rewards, kept.honest, kept.missed, kept.alone):
                part[at] += np.float32(more)
            if self._known is not None:
                leaves = self._ends[at].astype(np.intp)
                self._known.tallies.add(leaves, owner, np.array([0.0, more, more, more, more]))

    def join(self, other: Hindsight, rows: Places) -> None:
        """Keep the latest of both, as many of each as there is room for, and grow trees anew.
        `rows`: of each of the other's actions, its row here."""
        mine, theirs = self._kept.at(self._order()), other._kept.at(other._order())
        theirs = theirs._replace(owners=rows[theirs.owners])
        self._times += other._times
        self._losses = added(self._losses, other._losses)
        self.temper.join(other.temper)
        self._resume(latest(mine, theirs, self._room))
        if self._taken >= _FIRST:
            self._grow()

    def hindsights(self, names: tuple[str, ...]) -> Hindsights:
        """What serves from here on; `names` are the actions by row."""
        order = self._order()
        return Hindsights(
            names,
            Felled() if self._known is None else self._known.wood.felled,
            self._ends[order].astype("<u2").tobytes(),
            packed(self._kept.honest[order]),
            packed(self._kept.missed[order]),
            packed(self._kept.alone[order]),
            packed(self._kept.rewards[order]),
            self._kept.owners[order].astype("<i4").tobytes(),
            self._losses,
            self.temper.proof,
        )

    def learned(self, names: tuple[str, ...]) -> Learned:
        """All it holds."""
        rows = packed(self._kept.rows[self._order()])
        return Learned(self.hindsights(names), rows, self._wait, self._times)

    def restore(self, hindsights: Hindsights, rows: dict[str, int], others: int) -> None:
        """Serve from this, by these rows, and learn nothing more; `others` is that of actions not
        among them. Raises ModelRefused for what does not fit."""
        columns = self._kept.rows.shape[1]
        wood, self._ends, self._kept = read(hindsights, rows, others, self._room, columns)
        self._taken = len(self._kept.owners)
        self._losses = hindsights.losses
        self.temper = Temper(hindsights.proof)
        self.temper.recount(self._kept.owners, self._kept.rewards, others)
        self._known = None if wood is None else self._counted(wood)

    def resume(self, learned: Learned, rows: dict[str, int]) -> None:
        """Go on from what another held. Raises ModelRefused for what does not fit."""
        if learned.wait < 0 or learned.times < 0:
            raise ModelRefused("hindsight: trees that are due, or grown, less than never")
        self.restore(learned.hindsights, rows, len(rows))
        held, columns = self._kept.rows.shape
        given = self._kept._replace(rows=unpacked(learned.rows, held, columns))
        ends, self._ends = self._ends, np.zeros((self._room, TREES), np.uint16)
        self._ends[:held] = ends
        self._kept = room_for(self._room, columns)
        self._resume(given)
        self._wait, self._times = learned.wait, learned.times

    def answers(self) -> Answers:
        """The answers that are kept, oldest first."""
        return self._kept.at(self._order())

    @property
    def worked(self) -> float:
        """What they were worth."""
        return float(self._kept.rewards[: self._held].sum())

    @property
    def _held(self) -> int:
        return min(self._taken, self._room)

    def _order(self) -> Places:
        """Where the answers are kept, oldest first."""
        return np.arange(self._taken - self._held, self._taken) % self._room

    def _resume(self, given: Answers) -> None:
        self._asked = _NOTHING
        self._taken = len(given.owners)
        self._kept.put(given)
        self.temper.recount(given.owners, given.rewards, 0)

    def _grow(self) -> None:
        """Anew, from all that is kept. A reward is a chance that the answer counts as a yes."""
        self._wait = max(int(self._held * _GROWTH), 1)
        if not self._kept.rows.shape[1]:  # nothing tells moments apart
            return
        order = self._order()
        kept = self._kept.at(order)
        worked = np.random.default_rng(self._times).random(len(order)) < kept.rewards
        most = min(most_leaves(len(np.unique(kept.owners))), MOST_NODES // 2)
        wood, ends = grown(
            kept.rows, 2 * kept.owners + worked, self._times, most, _judges(float(worked.mean()))
        )
        self._ends[order] = ends.T
        self._known = self._counted(wood)
        self._times += 1

    def _make_room(self, wood: Wood) -> None:
        """For one action more, in the seats of those whose answers all went, as if they had never
        been; with too few of those, trees are due."""
        if wood.ends <= most_leaves(len(np.unique(self._kept.owners[: self._held]))):
            self._known = self._counted(wood)
        else:
            self._wait = 0

    def _counted(self, wood: Wood) -> _Known:
        """Trees, with all answers that are kept counted in their leaves."""
        held = slice(self._held)
        owners, parts = self._kept.owners[held], self._kept.parts(held)
        return _Known(wood, Tallies(wood.ends, self._ends[held], owners, parts))

    def _at(self, x: Numbers) -> _Asked:
        """Looked up once for a moment that is asked about and then learned of."""
        asked = self._asked  # others may be asking
        if asked.x is not x:
            row = _row(x)
            leaves = asked.leaves if self._known is None else self._known.wood.leaves(row)
            self._asked = asked = _Asked(x, row, leaves)
        return asked


def _judges(worked: float) -> int:
    """So many answers, of whom that share worked, that some did and some did not."""
    return max(_JUDGES, int(_SOME / max(min(worked, 1.0 - worked), _SOME / LATEST)))


def _exact(off: float) -> float:
    """In steps so fine that nobody minds, and so coarse that sums do not depend on their order."""
    return round(off * _STEPS) / _STEPS if isfinite(off) else off


def _row(x: Numbers) -> Cuts:
    row: Cuts = x.clip(-_LARGEST, _LARGEST).astype(np.float32)
    return row
