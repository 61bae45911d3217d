"""Hindsight as it is kept: what serves, and what a learner goes on from.

What it means is in `hindsight`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple

import numpy as np
from msgspec import Meta, Struct

from engine.errors import ModelRefused
from engine.models.base import LARGEST
from engine.models.online.answers import Answers, owners_of
from engine.models.online.expansion import unpacked
from engine.models.online.tallies import most_leaves
from engine.models.online.temper import Proof
from engine.models.online.ways import Losses
from engine.models.online.wood import TREES, Ends, Felled, Wood, rebuilt

Count = Annotated[int, Meta(ge=0, le=10**15)]
"""Of answers, or of times: far from where 64 bits end."""


class Hindsights(Struct, frozen=True, forbid_unknown_fields=True):
    """`ends` (answers × trees: the leaf, uint16), `honest`, `missed`, `alone` and `rewards`
    (float32) and `owners` (places in `names`, int32) of the latest answers, little-endian, oldest
    first; `losses`: squared errors of the rest by itself, and with each of the four ways; `proof`:
    what came true of what was expected (`temper`)."""

    names: tuple[str, ...] = ()
    felled: Felled = Felled()
    ends: bytes = b""
    honest: bytes = b""
    missed: bytes = b""
    alone: bytes = b""
    rewards: bytes = b""
    owners: bytes = b""
    losses: Losses = (0.0, 0.0, 0.0, 0.0, 0.0)
    proof: Proof = (0.0, 0.0)


class Learned(Struct, frozen=True, forbid_unknown_fields=True):
    """What a learner keeps beside: raw `rows` of columns of those answers (float32), how many more
    it waits for before trees are grown anew, and how often they were."""

    hindsights: Hindsights
    rows: bytes
    wait: Count
    times: Count


class Read(NamedTuple):
    """The trees, if there are any, each answer's leaves, and the answers, their columns unread."""

    wood: Wood | None
    ends: Ends
    answers: Answers


def read(
    hindsights: Hindsights, rows: Mapping[str, int], others: int, room: int, columns: int
) -> Read:
    """Of actions by these rows; `others` is that of actions not among them. Raises ModelRefused
    for what does not fit, and for more than `room` answers."""
    kept, names = hindsights.owners, hindsights.names
    owners = owners_of(kept, names, rows, others=others, room=room, what="hindsight")
    held = len(owners)
    wood = rebuilt(hindsights.felled, columns)
    if len(hindsights.ends) != 2 * TREES * held:
        raise ModelRefused(f"hindsight: {len(hindsights.ends)} bytes of leaves")
    ends = np.frombuffer(hindsights.ends, "<u2").astype(np.uint16).reshape(held, TREES)
    if wood is not None and ends.max(initial=0) >= wood.ends:
        raise ModelRefused("hindsight: a leaf that no tree has")
    actions = len(np.unique(np.frombuffer(kept, "<i4")))
    if wood is not None and wood.ends > most_leaves(actions):
        raise ModelRefused(f"hindsight: {wood.ends:,} leaves, of {actions:,} actions")
    if not all(0.0 <= one <= LARGEST for one in hindsights.losses):
        raise ModelRefused(f"hindsight: losses that are not between 0 and {LARGEST:g}")
    off = hindsights.honest, hindsights.missed, hindsights.alone, hindsights.rewards
    parts = np.stack([np.ones(held, np.float32), *(unpacked(part, held) for part in off)], axis=1)
    unread = np.broadcast_to(np.float32(0.0), (held, columns))
    return Read(wood, ends, Answers(unread, owners, parts))
