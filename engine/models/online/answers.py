"""The latest answers of all actions, as hindsight keeps them to grow trees from.

And what is the same for all that keep a latest so many. It must not know how they are learned from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from engine.errors import ModelRefused
from engine.models.online.wood import Cuts, Numbers, Places


class Answers(NamedTuple):
    """An entry an answer: its raw columns, reward, action's row, and by how much it was off."""

    rows: Cuts
    rewards: Cuts
    owners: Places
    honest: Cuts
    missed: Cuts
    alone: Cuts

    def at(self, those: slice | Places) -> Answers:
        """Some of them."""
        return Answers(
            self.rows[those],
            self.rewards[those],
            self.owners[those],
            self.honest[those],
            self.missed[those],
            self.alone[those],
        )

    def parts(self, those: slice) -> list[Numbers]:
        """What is added up of some: one each, what is honest, missed, alone, and the rewards."""
        parts = self.honest, self.missed, self.alone, self.rewards
        return [
            np.ones(len(self.owners[those])),
            *(part[those].astype(np.float64) for part in parts),
        ]

    def put(self, given: Answers) -> None:
        """These in place of the first so many."""
        held = slice(len(given.owners))
        self.rows[held], self.rewards[held] = given.rows, given.rewards
        self.owners[held] = given.owners
        self.honest[held], self.missed[held] = given.honest, given.missed
        self.alone[held] = given.alone


def room_for(count: int, columns: int) -> Answers:
    """So many answers, of which nothing is known."""
    rewards, honest, missed, alone = np.zeros((4, count), np.float32)
    rows, owners = np.zeros((count, columns), np.float32), np.zeros(count, np.intp)
    return Answers(rows, rewards, owners, honest, missed, alone)


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
        np.concatenate([mine.rewards, theirs.rewards]),
        np.concatenate([mine.owners, theirs.owners]),
        np.concatenate([mine.honest, theirs.honest]),
        np.concatenate([mine.missed, theirs.missed]),
        np.concatenate([mine.alone, theirs.alone]),
    )
