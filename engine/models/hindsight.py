"""What the rest of the learner was off by, at answers that end in the same leaves as this moment.

    correction = Σ akin · off / (1/2 + Σ akin),   akin: the share of trees whose leaf is the same

of one action's latest answers. Trees are grown anew (`engine.models.growing`) whenever the
answers have doubled, so that growing costs a small multiple of its last time; what comes between
is dropped into the leaves there are.

`off` is told two ways: what the rest missed before it learned of the answer (honest, so that what
the weights learn by heart does not hide what they cannot learn), and what was missed with all
that the trees knew then (steps along the functional gradient, as in `engine.models.recall`).
How much either counts, or nothing of it, is weighed by exp(−2 · squared errors).
"""

from __future__ import annotations

from math import exp
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from engine.errors import ModelRefused
from engine.models.answers import Answers, latest, owners_of, room_for
from engine.models.expansion import packed, unpacked
from engine.models.growing import grown
from engine.models.tallies import Tallies, most_leaves
from engine.models.wood import MOST_NODES, TREES, Cuts, Felled, Numbers, Places, Wood, rebuilt

LATEST = 16384
_FIRST = 32  # answers, before which there is nothing to grow from
_GROWTH = 1.0  # of the answers, after which trees are grown anew
_DOUBT = 0.5  # answers that say the rest was right
_RATE = 2.0  # at which squared errors up to one are mixable
_KEEP = 0.999  # who did better in about the last thousand answers
_IDLE = 0.99  # where nothing counts for more than this, serving saves itself the trees
_ASKED = 32  # of a node's answers, which of its cuts is best
_SOME = 8.0
_STEPS = 2.0**20
_LARGEST = 1e38  # that float32 holds


class Hindsights(Struct, frozen=True, forbid_unknown_fields=True):
    """`ends` (answers × trees: the leaf, uint16), `honest` and `missed` (float32) and `owners`
    (places in `names`, int32) of the latest answers, little-endian, oldest first; `losses`:
    squared errors of the rest alone, with honest and with missed."""

    names: tuple[str, ...] = ()
    felled: Felled = Felled()
    ends: bytes = b""
    honest: bytes = b""
    missed: bytes = b""
    owners: bytes = b""
    losses: tuple[float, float, float] = (0.0, 0.0, 0.0)


class Learned(Struct, frozen=True, forbid_unknown_fields=True):
    """What a learner keeps beside: raw `rows` of columns and `rewards` of those answers (float32),
    how many more it waits for before trees are grown anew, and how often they were."""

    hindsights: Hindsights = Hindsights()
    rows: bytes = b""
    rewards: bytes = b""
    wait: int = _FIRST
    times: int = 0


_NOWHERE = np.zeros(0, np.intp)


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
        self._taken, self._wait, self._times = 0, _FIRST, 0
        self._asked: tuple[Numbers | None, Places] = None, _NOWHERE

    def about(self, x: Numbers, actions: int) -> Numbers:
        """What to add to each action's mean at a row of raw columns, which is not to be written to
        before it is learned of; answers of no such row are left out."""
        nothing, honest, missed = self._trust()
        if self._known is None or nothing > _IDLE:
            return np.zeros(actions)
        wood, tallies = self._known
        count, *off = tallies.at(self._leaves(wood, x)).T
        said = np.zeros(max(actions, tallies.rows))
        said[tallies.owners] = (honest * off[0] + missed * off[1]) / (TREES * _DOUBT + count)
        return said[:actions]

    def take(self, x: Numbers, owner: int, reward: float, off: float) -> float:
        """Keep an answer in place of the oldest; how far off all was. `off`: how far off the rest
        was, before it learned of it."""
        at, kept, off = self._taken % self._room, self._kept, _exact(off)
        missed = left = off
        if self._known is not None:
            wood, tallies = self._known
            leaves = self._leaves(wood, x)
            sums = tallies.of(leaves, owner)
            left -= self._said(sums)
            missed = self._judged(sums, off)
            if self._taken >= self._room:
                was = np.array([-1.0, -kept.honest[at], -kept.missed[at]])
                tallies.add(self._ends[at].astype(np.intp), int(kept.owners[at]), was)
            if tallies.fits(owner):
                tallies.add(leaves, owner, np.array([1.0, off, missed]))
            else:
                self._wait = 0
            self._ends[at] = leaves
        kept.rows[at], kept.rewards[at], kept.owners[at] = _row(x), reward, owner
        kept.honest[at], kept.missed[at] = off, missed
        self._asked = None, _NOWHERE
        self._taken += 1
        self._wait -= 1
        if self._wait <= 0:
            self._grow()
        return left

    def amend(self, x: Numbers, owner: int, more: float) -> None:
        """That answer, if it is still kept, turned out to be worth so much more."""
        kept = self._kept.at(slice(self._held))
        same = (kept.rows == _row(x)).all(axis=1) & (kept.owners == owner)
        if same.any():
            at, more = int(same.argmax()), _exact(more)
            for part in (kept.rewards, kept.honest, kept.missed):
                part[at] += np.float32(more)
            if self._known is not None:
                leaves = self._ends[at].astype(np.intp)
                self._known.tallies.add(leaves, owner, np.array([0.0, more, more]))

    def join(self, other: Hindsight, rows: Places) -> None:
        """Keep the latest of both, as many of each as there is room for, and grow trees anew.
        `rows`: of each of the other's actions, its row here."""
        mine, theirs = self._kept.at(self._order()), other._kept.at(other._order())
        theirs = theirs._replace(owners=rows[theirs.owners])
        self._times += other._times
        (one, honest, missed), more = self._losses, other._losses
        self._losses = one + more[0], honest + more[1], missed + more[2]
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
            self._kept.owners[order].astype("<i4").tobytes(),
            self._losses,
        )

    def learned(self, names: tuple[str, ...]) -> Learned:
        """All it holds."""
        kept = self._kept.at(self._order())
        return Learned(
            self.hindsights(names), packed(kept.rows), packed(kept.rewards), self._wait, self._times
        )

    def restore(self, hindsights: Hindsights, rows: dict[str, int], others: int) -> None:
        """Serve from this, by these rows; `others` is that of actions not among them.
        Raises ModelRefused for what does not fit."""
        kept, names, room = hindsights.owners, hindsights.names, self._room
        owners = owners_of(kept, names, rows, others=others, room=room, what="hindsight")
        held, columns = len(owners), self._kept.rows.shape[1]
        wood = rebuilt(hindsights.felled, columns)
        if len(hindsights.ends) != 2 * TREES * held:
            raise ModelRefused(f"hindsight: {len(hindsights.ends)} bytes of leaves")
        ends = np.frombuffer(hindsights.ends, "<u2").reshape(held, TREES)
        if wood is not None and ends.max(initial=0) >= wood.ends:
            raise ModelRefused("hindsight: a leaf that no tree has")
        if not np.isfinite(hindsights.losses).all():
            raise ModelRefused("hindsight: losses that are not finite")
        honest, missed = (unpacked(part, held) for part in (hindsights.honest, hindsights.missed))
        unknown = np.zeros((held, columns), np.float32), np.zeros(held, np.float32)
        self._resume(Answers(*unknown, owners, honest, missed))
        self._ends[:held] = ends
        self._losses = hindsights.losses
        self._known = None if wood is None else self._counted(wood)

    def resume(self, learned: Learned, rows: dict[str, int]) -> None:
        """Go on from what another held. Raises ModelRefused for what does not fit."""
        if learned.wait < 0 or learned.times < 0:
            raise ModelRefused("hindsight: trees that are due, or grown, less than never")
        self.restore(learned.hindsights, rows, len(rows))
        held = self._taken
        self._kept.rows[:held] = unpacked(learned.rows, held, self._kept.rows.shape[1])
        self._kept.rewards[:held] = unpacked(learned.rewards, held)
        self._wait, self._times = learned.wait, learned.times

    @property
    def _held(self) -> int:
        return min(self._taken, self._room)

    def _order(self) -> Places:
        """Where the answers are kept, oldest first."""
        return np.arange(self._taken - self._held, self._taken) % self._room

    def _resume(self, given: Answers) -> None:
        self._asked = None, _NOWHERE
        self._taken = len(given.owners)
        self._kept.put(given)

    def _grow(self) -> None:
        """Anew, from all that is kept. A reward is a chance that the answer counts as a yes."""
        order = self._order()
        kept = self._kept.at(order)
        if not kept.rows.shape[1]:  # nothing tells moments apart
            return
        worked = np.random.default_rng(self._times).random(len(order)) < kept.rewards
        most = min(most_leaves(len(np.unique(kept.owners))), MOST_NODES // 2)
        wood, ends = grown(
            kept.rows, 2 * kept.owners + worked, self._times, most, _asked(float(worked.mean()))
        )
        self._ends[order] = ends.T
        self._known = self._counted(wood)
        self._wait = max(int(len(order) * _GROWTH), 1)
        self._times += 1

    def _counted(self, wood: Wood) -> _Known:
        """Trees, with all answers that are kept counted in their leaves."""
        kept = self._kept.at(slice(self._held))
        parts = np.stack([np.ones(self._held), kept.honest, kept.missed])
        return _Known(wood, Tallies(wood.ends, self._ends[: self._held], kept.owners, parts))

    def _leaves(self, wood: Wood, x: Numbers) -> Places:
        """Looked up once for a moment that is asked about and then learned of."""
        asked, leaves = self._asked
        if asked is not x:
            leaves = wood.leaves(_row(x))
            self._asked = x, leaves
        return leaves

    def _said(self, sums: Numbers) -> float:
        """What one action's answers there correct."""
        count, honest, further = sums.tolist()
        _, trusted, beside = self._trust()
        return float(trusted * honest + beside * further) / (TREES * _DOUBT + float(count))

    def _judged(self, sums: Numbers, off: float) -> float:
        """What was missed with what one action's answers there said, which goes on the record."""
        count, honest, further = sums.tolist()
        total = TREES * _DOUBT + count
        missed = _exact(off - further / total)
        one, other, third = self._losses
        self._losses = (
            _KEEP * (one + min(off**2, 1.0)),
            _KEEP * (other + min((off - honest / total) ** 2, 1.0)),
            _KEEP * (third + min(missed**2, 1.0)),
        )
        return missed

    def _trust(self) -> tuple[float, float, float]:
        """How much nothing, honest and missed count; they add up to one."""
        least = min(self._losses)
        nothing, honest, missed = (exp(_RATE * (least - loss)) for loss in self._losses)
        total = nothing + honest + missed
        return nothing / total, honest / total, missed / total


def _asked(worked: float) -> int:
    """So many answers, of whom that share worked, that some did and some did not."""
    return max(_ASKED, int(_SOME / max(min(worked, 1.0 - worked), _SOME / LATEST)))


def _exact(off: float) -> float:
    """In steps so fine that nobody minds, and so coarse that sums do not depend on their order."""
    return round(off * _STEPS) / _STEPS


def _row(x: Numbers) -> Cuts:
    row: Cuts = x.clip(-_LARGEST, _LARGEST).astype(np.float32)
    return row
