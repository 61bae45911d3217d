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
from numpy.typing import NDArray

from engine.errors import ModelRefused
from engine.models.expansion import packed, unpacked
from engine.models.growing import grown
from engine.models.wood import TREES, Cuts, Felled, Numbers, Places, Wood, rebuilt

LATEST = 4096
_FIRST = 32  # answers, before which there is nothing to grow from
_GROWTH = 1.0  # of the answers, after which trees are grown anew
_DOUBT = 0.5  # answers that say the rest was right
_RATE = 2.0  # at which squared errors up to one are mixable
_KEEP = 0.999  # who did better in about the last thousand answers
_IDLE = 0.99  # where nothing counts for more than this, serving saves itself the trees
_LARGEST = 1e38  # that float32 holds


class Hindsights(Struct, frozen=True, forbid_unknown_fields=True):
    """`ends` (trees × answers, uint16), `honest` and `missed` (float32) and `owners` (places in
    `names`, int32) of the latest answers, little-endian, oldest first; `losses`: squared errors
    of the rest alone, with honest and with missed."""

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


class _Answers(NamedTuple):
    """An entry an answer: its raw columns, reward, action's row, and by how much it was off."""

    rows: Cuts
    rewards: Cuts
    owners: Places
    honest: Cuts
    missed: Cuts

    def at(self, those: slice | Places) -> _Answers:
        """Some of them."""
        return _Answers(
            self.rows[those],
            self.rewards[those],
            self.owners[those],
            self.honest[those],
            self.missed[those],
        )


class _Akin(NamedTuple):
    """The row of a moment, its leaves, which answers share some, and what share of all."""

    row: Cuts
    leaves: NDArray[np.uint16]
    those: Places
    akin: Numbers


_NOBODY = _Akin(
    np.zeros(0, np.float32), np.zeros(TREES, np.uint16), np.zeros(0, np.intp), np.zeros(0)
)


class Hindsight:
    """The latest answers of all actions, by the action's row, and the trees over them."""

    def __init__(self, columns: int, room: int = LATEST) -> None:
        self._room = room
        self._wood: Wood | None = None
        rewards, honest, missed = np.zeros((3, room), np.float32)
        rows, owners = np.zeros((room, columns), np.float32), np.zeros(room, np.intp)
        self._kept = _Answers(rows, rewards, owners, honest, missed)
        self._ends = np.zeros((TREES, room), np.uint16)
        self._losses = Hindsights().losses
        self._taken, self._wait, self._times = 0, _FIRST, 0
        self._asked: tuple[Numbers | None, _Akin] = None, _NOBODY

    def about(self, x: Numbers, actions: int) -> Numbers:
        """What to add to each action's mean at a row of raw columns, which is not to be written to
        before it is learned of; answers of no such row are left out."""
        nothing, honest, missed = self._trust()
        if self._wood is None or nothing > _IDLE:
            return np.zeros(actions)
        _, _, those, akin = self._akin(self._wood, x)
        owners = self._kept.owners[those]
        off = honest * self._kept.honest[those] + missed * self._kept.missed[those]
        sums = np.bincount(owners, akin * off, actions)[:actions]
        return sums / (_DOUBT + np.bincount(owners, akin, actions)[:actions])

    def take(self, x: Numbers, owner: int, reward: float, off: float) -> None:
        """Keep an answer in place of the oldest. `off`: how far off the rest was, before it
        learned of it."""
        at, missed = self._taken % self._room, off
        if self._wood is None:
            row = _row(x)
        else:
            row, leaves, those, akin = self._akin(self._wood, x)
            honest, further = self._said(those, akin, owner)
            missed = off - further
            one, other, third = self._losses
            self._losses = (
                _KEEP * (one + min(off**2, 1.0)),
                _KEEP * (other + min((off - honest) ** 2, 1.0)),
                _KEEP * (third + min(missed**2, 1.0)),
            )
            self._ends[:, at] = leaves
        kept = self._kept
        kept.rows[at], kept.rewards[at], kept.owners[at] = row, reward, owner
        kept.honest[at], kept.missed[at] = off, missed
        self._asked = None, _NOBODY
        self._taken += 1
        self._wait -= 1
        if self._wait <= 0:
            self._grow()

    def amend(self, x: Numbers, owner: int, more: float) -> None:
        """That answer, if it is still kept, turned out to be worth so much more."""
        kept = self._kept.at(slice(self._held))
        same = (kept.rows == _row(x)).all(axis=1) & (kept.owners == owner)
        if same.any():
            at = int(same.argmax())
            for part in (kept.rewards, kept.honest, kept.missed):
                part[at] += np.float32(more)

    def join(self, other: Hindsight, rows: Places) -> None:
        """Keep the latest of both, as many of each as there is room for, and grow trees anew.
        `rows`: of each of the other's actions, its row here."""
        mine, theirs = self._kept.at(self._order()), other._kept.at(other._order())
        theirs = theirs._replace(owners=rows[theirs.owners])
        share = max(self._room // 2, self._room - len(theirs.owners))
        mine = mine.at(slice(max(0, len(mine.owners) - share), None))
        room = self._room - len(mine.owners)
        theirs = theirs.at(slice(max(0, len(theirs.owners) - room), None))
        self._times += other._times
        (one, honest, missed), more = self._losses, other._losses
        self._losses = one + more[0], honest + more[1], missed + more[2]
        self._resume(
            _Answers(
                np.concatenate([mine.rows, theirs.rows]),
                np.concatenate([mine.rewards, theirs.rewards]),
                np.concatenate([mine.owners, theirs.owners]),
                np.concatenate([mine.honest, theirs.honest]),
                np.concatenate([mine.missed, theirs.missed]),
            )
        )
        if self._taken >= _FIRST:
            self._grow()

    def hindsights(self, names: tuple[str, ...]) -> Hindsights:
        """What serves from here on; `names` are the actions by row."""
        order = self._order()
        return Hindsights(
            names,
            Felled() if self._wood is None else self._wood.felled,
            self._ends[:, order].astype("<u2").tobytes(),
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
        owners = _owners(hindsights, rows, others, self._room)
        held, columns = len(owners), self._kept.rows.shape[1]
        self._wood = rebuilt(hindsights.felled, columns)
        if len(hindsights.ends) != 2 * TREES * held:
            raise ModelRefused(f"hindsight: {len(hindsights.ends)} bytes of leaves")
        ends = np.frombuffer(hindsights.ends, "<u2").reshape(TREES, held)
        if self._wood is not None and ends.max(initial=0) >= self._wood.nodes:
            raise ModelRefused("hindsight: a leaf that no tree has")
        if not np.isfinite(hindsights.losses).all():
            raise ModelRefused("hindsight: losses that are not finite")
        honest, missed = (unpacked(part, held) for part in (hindsights.honest, hindsights.missed))
        unknown = np.zeros((held, columns), np.float32), np.zeros(held, np.float32)
        self._resume(_Answers(*unknown, owners, honest, missed))
        self._ends[:, :held] = ends
        self._losses = hindsights.losses

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

    def _resume(self, given: _Answers) -> None:
        self._asked = None, _NOBODY
        self._taken = held = len(given.owners)
        kept = self._kept.at(slice(held))
        kept.rows[:], kept.rewards[:], kept.owners[:] = given.rows, given.rewards, given.owners
        kept.honest[:], kept.missed[:] = given.honest, given.missed

    def _grow(self) -> None:
        """Anew, from all that is kept. A reward is a chance that the answer counts as a yes."""
        order = self._order()
        kept = self._kept.at(order)
        if not kept.rows.shape[1]:  # nothing tells moments apart
            return
        worked = np.random.default_rng(self._times).random(len(order)) < kept.rewards
        self._wood, ends = grown(kept.rows, 2 * kept.owners + worked, self._times)
        self._ends[:, order] = ends
        self._wait = max(int(len(order) * _GROWTH), 1)
        self._times += 1

    def _akin(self, wood: Wood, x: Numbers) -> _Akin:
        """Looked up once for a moment that is asked about and then learned of."""
        asked, akin = self._asked
        if asked is not x:
            row = _row(x)
            leaves = wood.leaves(row).astype(np.uint16)
            same = (self._ends[:, : self._held] == leaves[:, None]).view(np.uint8)
            shared = np.add.reduce(same, axis=0, dtype=np.uint8)
            those = shared.nonzero()[0]
            akin = _Akin(row, leaves, those, shared[those] / TREES)
            self._asked = x, akin
        return akin

    def _said(self, those: Places, akin: Numbers, owner: int) -> tuple[float, float]:
        """The corrections of one action, told honest and by what was missed."""
        own = self._kept.owners[those] == owner
        those, akin = those[own], akin[own]
        total = _DOUBT + float(akin.sum())
        honest, missed = self._kept.honest[those], self._kept.missed[those]
        return float(akin.dot(honest)) / total, float(akin.dot(missed)) / total

    def _trust(self) -> tuple[float, float, float]:
        """How much nothing, honest and missed count; they add up to one."""
        least = min(self._losses)
        nothing, honest, missed = (exp(_RATE * (least - loss)) for loss in self._losses)
        total = nothing + honest + missed
        return nothing / total, honest / total, missed / total


def _row(x: Numbers) -> Cuts:
    row: Cuts = x.clip(-_LARGEST, _LARGEST).astype(np.float32)
    return row


def _owners(hindsights: Hindsights, rows: dict[str, int], others: int, room: int) -> Places:
    if len(hindsights.owners) % 4 or len(hindsights.owners) > 4 * room:
        raise ModelRefused(f"hindsight: {len(hindsights.owners)} bytes of at most {room:,} actions")
    owners = np.frombuffer(hindsights.owners, "<i4").astype(np.intp)
    if len(owners) and not 0 <= int(owners.min()) <= int(owners.max()) < len(hindsights.names):
        raise ModelRefused("hindsight: an answer of no action")
    return np.array([rows.get(name, others) for name in hindsights.names], np.intp)[owners]
