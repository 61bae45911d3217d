"""Two customers becoming one, across slots: fence, fold, repoint, redirect.

A fenced customer takes no change, so what is folded into the survivor is all there is of it.
The fold is one compare-and-set on the survivor, the moment the merge happens; that it has
happened is told by the survivor's `formerly`. A crash at any step leaves the fence, and
whoever meets it goes on from there: each step, done twice, is done once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import structlog
from msgspec.structs import replace

from engine import record
from engine.change import Loaded
from engine.codec import pack_pointer, unpack_pointer
from engine.domain import CustomerState, Pointer
from engine.errors import Contention, TellerError
from engine.identity import fit, merge, ranked
from engine.record import MergeRecord
from engine.services.deciding.changes import moved
from engine.services.ports import Memory, Pointing

PATIENCE = 2.0  # seconds a merge may go on retrying
EVERY = 60.0  # seconds between two sweeps

_MERGED = ("attributes", "told", "consent", "contacts", "events")
_NAMES = ("identities", "formerly", "merged")

_log = structlog.get_logger()


class Merges:
    """Merges customers, and finishes merges that a crash left half done."""

    def __init__(
        self, store: Memory, pointing: Pointing, shared: Callable[[Pointer], bool]
    ) -> None:
        """`shared`: whether an identity is set apart, see `engine.identity.shared`."""
        self._store = store
        self._pointing = pointing
        self._shared = shared

    def merge(
        self, one: CustomerState, other: CustomerState, deadline: float | None = None
    ) -> None:
        """Make two customers that exist one. Raises Contention.

        Where one of them is already on its way into a third, that merge is finished instead.
        """
        survivor, loser = ranked(one, other)
        self._pointing.fence(loser.customer_id, survivor.customer_id, deadline)
        self.finish(loser.customer_id, deadline)

    def finish(
        self, customer_id: str, deadline: float | None = None, waiting: tuple[str, ...] = ()
    ) -> None:
        """Finish the merge of a fenced customer; nothing when it is finished. Raises Contention,
        and NotReplicated, after which it is still to be finished.

        `waiting`: the fenced customers that are folded only after this one.
        """
        loser = self._store.load(customer_id, (), deadline)
        if loser.fence is None:
            return
        survivor = self._fold(loser, deadline, waiting)
        if survivor is not None:
            self._store.assure(survivor)  # the loser is deleted only once this cannot be lost
            for identity in loser.state.identities:
                self._repoint(identity, loser.state, survivor, deadline)
        self._pointing.settle(customer_id, loser.state.subject, survivor, loser.now, deadline)

    def sweep(self) -> int:
        """Finish whatever was left half done; how many merges that were.

        One that is contended for is left: it does not keep the others waiting.
        """
        finished = 0
        for customer_id in self._pointing.fenced():
            try:
                self.finish(customer_id)
                finished += 1
            except Contention:
                _log.warning("a merge is left for the next sweep")
        return finished

    def follow(self, stopped: Event) -> None:
        """Sweep now and then, until `stopped`."""
        while not stopped.wait(EVERY):
            try:
                self.sweep()
            except TellerError as error:
                _log.warning("no sweep of merges this time", error=type(error).__name__)

    def _fold(self, loser: Loaded, deadline: float | None, waiting: tuple[str, ...]) -> str | None:
        """Who took the fenced customer in; None when there is nobody to do so: erased meanwhile,
        with too many names by now, or waiting for this very customer."""
        own, target = loser.state.customer_id, loser.fence or ""
        until = deadline or time.monotonic() + PATIENCE
        while target not in (own, *waiting):
            survivor = self._store.load(target, (), deadline)
            if survivor.redirect:
                target = survivor.redirect
            elif survivor.fence:
                self.finish(target, deadline, (*waiting, own))
            elif not survivor.state.revision or not _takes(survivor.state, loser.state):
                return None
            elif self._in(survivor, loser, deadline):
                return target
            if time.monotonic() >= until:
                raise Contention("these customers keep changing: try again")
        return None

    def _in(self, survivor: Loaded, loser: Loaded, deadline: float | None) -> bool:
        """Whether the survivor has taken the loser in, before or just now."""
        return _took(survivor.state, loser.state) or self._take_in(survivor, loser, deadline)

    def _take_in(self, survivor: Loaded, loser: Loaded, deadline: float | None) -> bool:
        before, after = survivor.state, merge(survivor.state, loser.state)
        sections = moved(before, after, _MERGED + _NAMES)
        clock = max(survivor.now, loser.now)
        entry = MergeRecord(before.customer_id, loser.state.customer_id, loser.state.subject, clock)
        return self._pointing.fold(
            before.customer_id,
            before.revision,
            clock,
            sections,
            record.encode(entry),
            self._pointing.seen(loser.state.customer_id, clock),
            deadline,
        )

    def _repoint(
        self, identity: str, loser: CustomerState, survivor: str, deadline: float | None
    ) -> None:
        """An identity of the loser leads to the survivor directly; one that a link cut short left
        leading nowhere does so too, lest somebody new be made for it."""
        theirs = ("", loser.customer_id, *loser.merged)
        pointer = self._pointing.pointer(identity, deadline)
        held = unpack_pointer(pointer)
        if held.customer_id in theirs and not self._shared(held):
            onward = pack_pointer(replace(held, customer_id=survivor))
            self._pointing.point(identity, pointer, onward, deadline=deadline)


def _took(survivor: CustomerState, loser: CustomerState) -> bool:
    return loser.subject in survivor.formerly


def _takes(survivor: CustomerState, loser: CustomerState) -> bool:
    return _took(survivor, loser) or fit(survivor, loser)
