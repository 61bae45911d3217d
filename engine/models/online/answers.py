"""The latest answers of all actions, as hindsight keeps them to grow trees from.

And what is the same for all that keep a latest so many. It must not know how they are learned from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from engine.compiled import compiled
from engine.errors import ModelRefused
from engine.models.online.ways import PARTS, Parts
from engine.models.online.wood import Cuts, Numbers, Places

_LARGEST = 1e38  # that float32 holds


class Answers(NamedTuple):
    """An entry an answer: its raw columns, its action's row, and the `parts` (answers × PARTS) of
    it that are added up: one, by how much it was off in each way, and its reward."""

    rows: Cuts
    owners: Places
    parts: Cuts

    @property
    def rewards(self) -> Cuts:
        """What each was worth."""
        return self.parts[:, -1]

    def at(self, those: slice | Places) -> Answers:
        """Some of them."""
        return Answers(self.rows[those], self.owners[those], self.parts[those])


class Latest:
    """The latest answers, at most so many: one more takes the place of the oldest."""

    def __init__(self, room: int, columns: int) -> None:
        self.room, self.taken = room, 0
        rows, parts = np.zeros((room, columns), np.float32), np.zeros((room, PARTS), np.float32)
        self.ring = Answers(rows, np.zeros(room, np.intp), parts)

    @property
    def held(self) -> int:
        """How many there are, in the ring's first places."""
        return min(self.taken, self.room)

    @property
    def next(self) -> int:
        """The place of the one that comes next."""
        return self.taken % self.room

    def keep(self, row: Cuts, owner: int, parts: Parts) -> None:
        """One more."""
        rows, owners, kept = self.ring
        at = self.next
        rows[at], owners[at], kept[at] = row, owner, parts
        self.taken += 1

    def go_on_from(self, given: Answers) -> None:
        """These and no others; oldest first."""
        self.taken = len(given.owners)
        held = slice(self.taken)
        self.ring.rows[held], self.ring.owners[held] = given.rows, given.owners
        self.ring.parts[held] = given.parts

    def order(self) -> Places:
        """Their places, oldest first."""
        return np.arange(self.taken - self.held, self.taken) % self.room

    def all(self) -> Answers:
        """Oldest first."""
        return self.ring.at(self.order())

    def like(self, row: Cuts, owner: int, before: float) -> int | None:
        """The place of the answer of that action to that row that was worth so much; the oldest,
        if there are several."""
        kept = self.ring.at(slice(self.held))
        same = _same(kept.rows, kept.owners, row, owner)
        return told_before(same, self.ring.rewards, before, self.taken) if len(same) else None


@compiled("int64[::1](float32[:, ::1], int64[::1], float32[::1], int64)")
def _same(rows: Cuts, owners: Places, row: Cuts, owner: int) -> Places:
    """The places of that action's answers to that row."""
    places, found = np.empty(len(owners), np.intp), 0
    for place in range(len(owners)):
        if owners[place] == owner and np.array_equal(rows[place], row):
            places[found] = place
            found += 1
    return places[:found]


@compiled("float32[::1](float64[::1])")
def as_kept(x: Numbers) -> Cuts:
    """A row of raw columns, as far as float32 holds them."""
    row = np.empty(len(x), np.float32)
    for column in range(len(x)):
        row[column] = min(max(x[column], -_LARGEST), _LARGEST)
    return row


def owners_of(
    kept: bytes, names: Sequence[str], rows: Mapping[str, int], *, others: int, room: int, what: str
) -> Places:
    """Whose the answers kept of `what` were (int32, places in `names`), by these rows; `others` is
    that of actions not among them. Raises ModelRefused for more than `room`, or of no action."""
    if len(kept) % 4 or len(kept) > 4 * room:
        raise ModelRefused(f"{what}: {len(kept)} bytes of at most {room:,} answers")
    owners = np.frombuffer(kept, "<i4").astype(np.intp)
    if len(owners) and not 0 <= int(owners.min()) <= int(owners.max()) < len(names):
        raise ModelRefused(f"{what}: an answer of no action")
    return np.array([rows.get(name, others) for name in names], np.intp)[owners]


def shared_out(room: int, one: int, other: int) -> tuple[int, int]:
    """Of so many answers of either, how many find room: as many of each, unless one has fewer."""
    kept = min(one, max(room // 2, room - other))
    return kept, min(other, room - kept)


def told_before(same: Places, rewards: Cuts, before: float, taken: int) -> int:
    """Which of the answers in those places of a ring, all the same, was the one that was worth
    `before`: the oldest of that worth. `rewards`: all of the ring; `taken`: how many ever came."""
    older = (same - taken) % len(rewards)
    unlike = np.abs(rewards[same] - np.float32(before))
    return int(same[np.lexsort((older, unlike))[0]])


def latest(one: Answers, other: Answers, room: int) -> Answers:
    """Of both, as many of each as there is room for; those of the first come first."""
    kept, more = shared_out(room, len(one.owners), len(other.owners))
    mine = one.at(slice(len(one.owners) - kept, None))
    theirs = other.at(slice(len(other.owners) - more, None))
    return Answers(
        np.concatenate([mine.rows, theirs.rows]),
        np.concatenate([mine.owners, theirs.owners]),
        np.concatenate([mine.parts, theirs.parts]),
    )
