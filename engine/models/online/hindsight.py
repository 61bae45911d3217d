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

from engine.models.online.answers import Answers, Latest, as_kept, latest
from engine.models.online.expansion import packed, unpacked
from engine.models.online.growing import grown
from engine.models.online.hindsights import Hindsights, Learned, read
from engine.models.online.tallies import Tallies, most_leaves
from engine.models.online.temper import Temper, Told
from engine.models.online.ways import added, judged, said, together, trust
from engine.models.online.wood import MOST_NODES, TREES, Cuts, Ends, Felled, Numbers, Places, Wood

LATEST = 16384
_FIRST = 32  # answers, before which there is nothing to grow from
_GROWTH = 1.0  # of the answers, after which trees are grown anew
_IDLE = 0.99  # where nothing counts for more than this, serving saves itself the trees
_JUDGES = 32  # of a node's answers, which of its cuts is best
_SOME = 8.0
_STEPS = 2.0**20


class _Asked(NamedTuple):
    """A moment, as kept, and its leaves."""

    x: Numbers | None
    row: Cuts
    leaves: Ends


_NOTHING = _Asked(None, np.zeros(0, np.float32), np.zeros(0, np.uint16))


class _Known(NamedTuple):
    """Trees, and what the answers in each of their leaves come to."""

    wood: Wood
    tallies: Tallies


class Hindsight:
    """The latest answers of all actions, by the action's row, and the trees over them."""

    def __init__(self, columns: int, room: int = LATEST) -> None:
        self._columns = columns
        self._known: _Known | None = None
        self._kept = Latest(room, columns)
        self._ends = np.zeros((room, TREES), np.uint16)
        self._losses = Hindsights().losses
        self.temper = Temper()
        self._wait, self._times = _FIRST, 0
        self._asked = _NOTHING

    def about(self, x: Numbers, rest: Numbers, alone: Numbers) -> Numbers:
        """What to add to each action's mean `rest` at a row of raw columns, which is not to be
        written to before it is learned of; `alone`: the means by the weights. Answers of no such
        row are left out."""
        nothing, ways = trust(self._losses)
        if self._known is None or nothing > _IDLE:
            return np.zeros(len(rest))
        tallies, leaves = self._known.tallies, self._at(x).leaves
        return together(ways, tallies.table, leaves, tallies.owners, rest, alone)

    def take(self, x: Numbers, owner: int, reward: float, off: float, alone: float) -> Told:
        """Keep an answer in place of the oldest; what was told of it. `off`: how far off the rest
        was, before it learned of it; `alone`: how far off the weights were by themselves."""
        reward, off, alone = _exact(reward), _exact(off), _exact(alone)
        left = missed = off
        _, row, leaves = self._at(x)
        if self._known is not None:
            sums = self._known.tallies.of(leaves, owner)
            ways = said(sums, reward - off, reward - alone)
            left, missed = off - sum(map(mul, trust(self._losses)[1], ways)), _exact(off - ways[1])
            self._losses = judged(self._losses, off, ways)
        if self._kept.held == self._kept.room:
            self._let_go(self._kept.next)
        told = self.temper.take(owner, reward, reward - left)
        if self._known is not None:
            self._ends[self._kept.next] = leaves
        self._kept.keep(row, owner, (1.0, off, missed, alone, reward))
        self._asked = _NOTHING
        self._wait -= 1
        if self._known is not None:
            if self._known.tallies.fits(owner):
                self._known.tallies.add(leaves, owner, (1.0, off, missed, alone, reward))
            else:
                self._make_room(self._known.wood)
        if self._wait <= 0:
            self._grow()
        return told

    def amend(self, x: Numbers, owner: int, before: float, more: float, ahead: float) -> None:
        """An answer that was worth `before`, and of which what was expected was so far `ahead`,
        turned out to be worth so much more, if it is still kept. Of answers that are the same it
        is the oldest of that worth."""
        kept, more = self._kept, _exact(more)
        if (at := kept.like(as_kept(x), owner, before)) is not None:
            self.temper.amend(owner, more, ahead, (kept.taken - 1 - at) % kept.room)
            kept.ring.parts[at, 1:] += np.float32(more)
            if self._known is not None:
                self._known.tallies.add(self._ends[at], owner, (0.0, more, more, more, more))

    def join(self, other: Hindsight, rows: Places) -> None:
        """Keep the latest of both, as many of each as there is room for, and grow trees anew.
        `rows`: of each of the other's actions, its row here."""
        mine, theirs = self.answers(), other.answers()
        theirs = theirs._replace(owners=rows[theirs.owners])
        self._times += other._times
        self._losses = added(self._losses, other._losses)
        self.temper.join(other.temper)
        self._go_on_from(latest(mine, theirs, self._kept.room))
        if self._kept.taken >= _FIRST:
            self._grow()

    def hindsights(self, names: tuple[str, ...]) -> Hindsights:
        """What serves from here on; `names` are the actions by row."""
        kept = self.answers()
        honest, missed, alone, rewards = map(packed, kept.parts.T[1:])
        return Hindsights(
            names,
            Felled() if self._known is None else self._known.wood.felled,
            self._ends[self._kept.order()].astype("<u2").tobytes(),
            honest,
            missed,
            alone,
            rewards,
            kept.owners.astype("<i4").tobytes(),
            self._losses,
            self.temper.proof,
        )

    def learned(self, names: tuple[str, ...]) -> Learned:
        """All it holds."""
        return Learned(self.hindsights(names), packed(self.answers().rows), self._wait, self._times)

    def restore(self, hindsights: Hindsights, rows: dict[str, int], others: int) -> None:
        """Serve from this, by these rows, and learn nothing more; `others` is that of actions not
        among them. Raises ModelRefused for what does not fit."""
        kept = self._kept
        wood, self._ends, kept.ring = read(hindsights, rows, others, kept.room, self._columns)
        kept.taken = len(kept.ring.owners)
        self._losses = hindsights.losses
        self.temper = Temper(hindsights.proof)
        self.temper.recount(kept.ring.owners, kept.ring.rewards, others)
        self._known = None if wood is None else self._counted(wood)
        self._asked = _NOTHING

    def resume(self, learned: Learned, rows: dict[str, int]) -> None:
        """Go on from what another held. Raises ModelRefused for what does not fit."""
        self.restore(learned.hindsights, rows, len(rows))
        held, room = self._kept.taken, self._kept.room
        given = self._kept.ring._replace(rows=unpacked(learned.rows, held, self._columns))
        ends, self._ends = self._ends, np.zeros((room, TREES), np.uint16)
        self._ends[:held] = ends
        self._kept = Latest(room, self._columns)
        self._go_on_from(given)
        self._wait, self._times = learned.wait, learned.times

    def answers(self) -> Answers:
        """The answers that are kept, oldest first."""
        return self._kept.all()

    @property
    def worked(self) -> float:
        """What they were worth."""
        return float(self._kept.ring.rewards[: self._kept.held].sum())

    def _go_on_from(self, given: Answers) -> None:
        self._asked = _NOTHING
        self._kept.go_on_from(given)
        self.temper.recount(given.owners, given.rewards, 0)

    def _let_go(self, at: int) -> None:
        """Of the answer in that place of the ring nothing counts any more."""
        owner = int(self._kept.ring.owners[at])
        one, honest, missed, alone, reward = self._kept.ring.parts[at].tolist()
        self.temper.count(owner, -reward, -one)
        if self._known is not None:
            parts = -one, -honest, -missed, -alone, -reward
            self._known.tallies.add(self._ends[at], owner, parts)

    def _grow(self) -> None:
        """Anew, from all that is kept. A reward is a chance that the answer counts as a yes."""
        self._wait = max(int(self._kept.held * _GROWTH), 1)
        if not self._columns:  # nothing tells moments apart
            return
        kept = self.answers()
        worked = np.random.default_rng(self._times).random(len(kept.owners)) < kept.rewards
        most = min(most_leaves(len(np.unique(kept.owners))), MOST_NODES // 2)
        kinds, judges = 2 * kept.owners + worked, _judges(float(worked.mean()))
        wood, self._ends[self._kept.order()] = grown(kept.rows, kinds, self._times, most, judges)
        self._known = self._counted(wood)
        self._times += 1

    def _make_room(self, wood: Wood) -> None:
        """For one action more, in the seats of those whose answers all went, as if they had never
        been; with too few of those, trees are due."""
        if wood.ends <= most_leaves(len(np.unique(self._kept.ring.owners[: self._kept.held]))):
            self._known = self._counted(wood)
        else:
            self._wait = 0

    def _counted(self, wood: Wood) -> _Known:
        """Trees, with all answers that are kept counted in their leaves."""
        kept = self._kept.ring.at(held := slice(self._kept.held))
        return _Known(wood, Tallies(wood.ends, self._ends[held], kept.owners, kept.parts))

    def _at(self, x: Numbers) -> _Asked:
        """Looked up once for a moment that is asked about and then learned of."""
        asked = self._asked  # others may be asking
        if asked.x is not x:
            row = as_kept(x)
            if len(row) != self._columns:
                raise ValueError(f"{len(row)} columns, where {self._columns} belong")
            leaves = asked.leaves if self._known is None else self._known.wood.leaves(row)
            self._asked = asked = _Asked(x, row, leaves)
        return asked


def _judges(worked: float) -> int:
    """So many answers, of whom that share worked, that some did and some did not."""
    return max(_JUDGES, int(_SOME / max(min(worked, 1.0 - worked), _SOME / LATEST)))


def _exact(off: float) -> float:
    """In steps so fine that nobody minds, and so coarse that sums do not depend on their order."""
    return round(off * _STEPS) / _STEPS if isfinite(off) else off
