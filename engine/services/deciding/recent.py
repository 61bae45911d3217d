"""Customers this worker has just decided for, as its own commits left them: no need to ask again.

What is kept here may be out of date, and does no harm. A decision made from it is committed
against the customer's revision and clock like any other; where anybody has changed, merged or
erased them meanwhile that is a conflict, which brings them as they are now. What is not so
committed is not decided from here.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock

from msgspec import Struct
from msgspec.structs import replace

from engine.change import Change, Loaded
from engine.codec import FIELDS, unpack

MOST = 4_096
"""Customers, at most."""

LARGEST = 16_384
"""Bytes of one, as stored, at most: with MOST of the usual size, some 20 MB of a worker."""

LIFE = 60_000
"""Milliseconds after which the store is asked again, for the customer and for the time."""

_APART = 1_000  # ms by which two clocks may disagree on how long that was

Moment = tuple[int, int]
"""This machine's two clocks, ms: the time of day, and how long it has been up."""


class _Kept(Struct, frozen=True, gc=False):
    """As stored, since that is small and nothing for the garbage collector to walk through.

    `now` was the store's clock at `at`. Of some only the `revision` is kept, to tell whether others
    change them: `packed` is empty then.
    """

    packed: dict[str, bytes]
    identities: tuple[str, ...]
    revision: int
    now: int
    at: Moment


def moment() -> Moment:
    """What the clocks say."""
    return time.time_ns() // 1_000_000, time.monotonic_ns() // 1_000_000


class Recent:
    """Keeps customers from one decision to the next. Those who are here for the first time, and
    those whom others change as well, are loaded all the same: most of what would be decided without
    asking would be in vain, and keeping all of whoever never returns costs as much as it spares."""

    def __init__(self, moment: Callable[[], Moment] = moment) -> None:
        self._moment = moment
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # a dict is slow to find its first
        self._lock = Lock()

    def recall(self, customer_id: str) -> Loaded | None:
        """The customer as kept, and what the store's clock must say by now."""
        kept = self._kept.get(customer_id)
        if kept is None or not kept.packed:
            return None
        (day, up), (day_then, up_then) = self._moment(), kept.at
        passed = up - up_then
        if passed > LIFE or abs(day - day_then - passed) > _APART:  # one of them was set
            return None
        state = unpack(customer_id, kept.packed)
        if kept.identities:
            state = replace(state, identities=kept.identities)
        now = max(kept.now + passed, state.clock + 1)  # no two decisions of one moment
        return Loaded(state, kept.packed, now, [], recalled=True)

    def keep(self, loaded: Loaded, sections: Mapping[str, bytes], revision: int) -> None:
        """A decision made from `loaded` is committed: these sections, of `FIELDS` all, were
        written, and the customer is at that revision now."""
        at, state = self._moment(), loaded.state
        with self._lock:
            before = self._kept.pop(state.customer_id, None)
            if _unsure(loaded, before):
                return
            self._make_room(at)
            since = (before.now, before.at) if before and loaded.recalled else (loaded.now, at)
            ours = before is not None and before.revision == state.revision
            packed = _written(loaded.packed, sections, revision, loaded.now) if ours else {}
            self._kept[state.customer_id] = _kept(packed, state.identities, revision, *since)

    def follow(self, change: Change, revision: int) -> None:
        """A change that was no decision is committed: whoever is kept, and was changed from there,
        is at that revision now; whom others changed is let go of."""
        if change.customer_id not in self._kept:
            return
        written = {name: data for name, data in change.sections.items() if name in FIELDS}
        with self._lock:
            kept = self._kept.get(change.customer_id)
            if kept is None:
                return
            ours = change.revision == kept.revision
            later = kept.packed and change.since == int(kept.packed["clock"]) < change.clock
            packed = (
                _written(kept.packed, written, revision, change.clock) if ours and later else {}
            )
            at_last = revision if ours else kept.revision
            self._kept[change.customer_id] = _kept(
                packed, kept.identities, at_last, kept.now, kept.at
            )

    def drop(self, customer_id: str) -> None:
        """Ask for this customer the next time; only where they stood is kept, to tell whether
        others change them."""
        with self._lock:
            kept = self._kept.get(customer_id)
            if kept is not None:
                self._kept[customer_id] = replace(kept, packed={}, identities=())

    def _make_room(self, at: Moment) -> None:
        """Let go of those kept for too long; if all places are taken, of the one kept longest."""
        oldest = at[1] - LIFE
        while first := next(iter(self._kept), None):
            if len(self._kept) < MOST and self._kept[first].at[1] >= oldest:
                return
            del self._kept[first]


def _written(
    packed: Mapping[str, bytes], sections: Mapping[str, bytes], revision: int, clock: int
) -> dict[str, bytes]:
    """The customer as stored once these sections were written."""
    return {**packed, **sections, "rev": b"%d" % revision, "clock": b"%d" % clock}


def _kept(
    packed: dict[str, bytes], identities: tuple[str, ...], revision: int, now: int, at: Moment
) -> _Kept:
    """A customer as kept, of whom no more than the revision is if they are too large."""
    if not packed or sum(map(len, packed.values())) > LARGEST:
        return _Kept({}, (), revision, now, at)
    return _Kept(packed, identities, revision, now, at)


def _unsure(loaded: Loaded, before: _Kept | None) -> bool:
    """Whether to ask again: of somebody new; of one whose clock stands still, so that revision
    and clock do not tell two states apart; and of one let go of since they were recalled."""
    return not loaded.state.revision or loaded.behind or (loaded.recalled and before is None)
