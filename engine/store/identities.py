"""Identities and merges: whom an identity points at, and a customer becoming part of another.

A merge crosses slots, so it is several verbs, each of them one script on one slot; who calls
them, and in which order, is the services' business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.errors import AnswerLost
from engine.partitions import PARTITIONS, partition_of
from engine.store import keys
from engine.store.epoch import Epoch
from engine.store.scripts import Call, Script, checked
from engine.store.servers import Routed, Servers

_point = Script("point")
_fence = Script("fence")
_fold = Script("fold")
_settle = Script("settle")
_shorten = Script("shorten")

Move = tuple[str, bytes | None, bytes | None]
"""An identity, its packed pointer until now, and from now on; None: it has none."""


class Identities:
    """Every verb may be repeated: done twice, it is done once. Raises as `Store` does.

    A lost answer is asked for once more, so that False may also mean: done by us, just now.
    """

    def __init__(self, servers: Servers, epoch: Epoch) -> None:
        self._servers = servers
        self._epoch = epoch

    def pointer(self, identity: str, deadline: float | None = None) -> bytes | None:
        """The packed pointer of an identity; None when it has none."""
        return self._pointer(self._servers.read(*_asking(identity), deadline))

    def pointers(self, identities: Sequence[str]) -> list[bytes | None]:
        """The packed pointer of each; one trip a server."""
        return [
            self._pointer(one) for one in self._servers.read_all(list(map(_asking, identities)))
        ]

    def point(
        self,
        identity: str,
        before: bytes | None,
        after: bytes | None,
        *,
        shared: bool = False,
        deadline: float | None = None,
    ) -> bool:
        """Point an identity elsewhere, `None` at nothing; False when it is no longer at `before`.

        `shared`: set it apart, so that it is listed.
        """
        partition = partition_of(identity)
        args = (before or b"", after or b"", identity, "1" if shared else "")
        return self._done(_point, partition, _pointer_keys(identity), args, deadline)

    def point_all(self, moves: Sequence[Move]) -> list[bool]:
        """Each as `point` does; one trip a server."""
        try:
            answers = self._pointed(moves)
        except AnswerLost:  # done twice, it is done once
            answers = self._pointed(moves)
        return [
            bool(found) if what == b"pointed" else self.point(*move)  # it looks at the epoch
            for move, (what, found) in zip(moves, answers, strict=True)
        ]

    def fence(self, customer_id: str, survivor: str, deadline: float | None = None) -> bool:
        """Keep every change from a customer that is to become part of `survivor`."""
        partition = partition_of(customer_id)
        names = _fenced_keys(partition, customer_id)
        return self._done(_fence, partition, names, (customer_id, survivor), deadline)

    def seen(self, customer_id: str, now: int) -> list[dict[bytes, bytes]]:
        """A customer's idempotency keys as packed, a week each; `now` in ms."""
        partition = partition_of(customer_id)
        slot = keys.slot_of(partition)
        weeks = keys.all_seen_keys(partition, customer_id, now)
        answers = self._servers.read_all([(slot, ("HGETALL", week)) for week in weeks])
        return [_pairs(checked(answer)) for answer in answers]

    def fold(
        self,
        customer_id: str,
        revision: int,
        clock: int,
        sections: Mapping[str, bytes],
        entry: bytes,
        seen: Sequence[Mapping[bytes, bytes]],
        deadline: float | None = None,
    ) -> bool:
        """Write what a survivor has become, and its record; False when it changed meanwhile.

        `seen`: the idempotency keys it takes over, as `seen` told them for `clock`.
        """
        partition = partition_of(customer_id)
        weeks = keys.all_seen_keys(partition, customer_id, clock)
        taken = [(week, over) for week, over in zip(weeks, seen, strict=True) if over]
        names = [
            keys.customer_key(partition, customer_id),
            keys.epoch_key(partition),
            keys.log_key(partition),
            *(week for week, _ in taken),
        ]
        args: list[str | bytes | int] = [revision, clock, entry, len(sections)]
        for section in sections.items():
            args += section
        for _, over in taken:
            args.append(len(over))
            for pair in over.items():
                args += pair
        return self._done(_fold, partition, names, args, deadline)

    def settle(
        self,
        customer_id: str,
        subject: str,
        survivor: str | None,
        now: int,
        deadline: float | None = None,
    ) -> bool:
        """Redirect a fenced customer to its survivor for good; None: take its fence away.

        `subject` tells it from a later customer of the same id; `now`: ms, the store's clock.
        """
        partition = partition_of(customer_id)
        names = [
            *_fenced_keys(partition, customer_id),
            *keys.all_seen_keys(partition, customer_id, now),
        ]
        args = (customer_id, subject, survivor or "")
        return self._done(_settle, partition, names, args, deadline)

    def shorten(
        self, customer_id: str, before: str, after: str, deadline: float | None = None
    ) -> bool:
        """Redirect a merged customer past `before`, merged itself; False when it no longer leads
        there."""
        partition = partition_of(customer_id)
        names = (keys.customer_key(partition, customer_id), keys.epoch_key(partition))
        return self._done(_shorten, partition, names, (before, after), deadline)

    def fenced(self) -> list[str]:
        """The customers whose merge is not finished."""
        return self._members(keys.fenced_key)

    def shared(self) -> list[str]:
        """The identities set apart, because too many customers share them."""
        return self._members(keys.shared_key)

    def _pointer(self, answer: Any) -> bytes | None:
        epoch, pointer = checked(answer)
        self._epoch.require(epoch)
        return None if pointer is None else bytes(pointer)

    def _pointed(self, moves: Sequence[Move]) -> list[Any]:
        calls: list[Call] = []
        for identity, before, after in moves:
            slot = keys.slot_of(partition_of(identity))
            args = (self._epoch.known, before or b"", after or b"", identity, "")
            calls.append((slot, _pointer_keys(identity), args))
        return _point.run_all(self._servers, calls)

    def _members(self, key_of: Callable[[int], str]) -> list[str]:
        commands = [(keys.slot_of(of), ("SMEMBERS", key_of(of))) for of in range(PARTITIONS)]
        answers = map(checked, self._servers.read_all(commands))
        return sorted(member.decode() for answer in answers for member in answer)

    def _done(
        self,
        script: Script,
        partition: int,
        names: Sequence[str],
        args: Sequence[str | bytes | int],
        deadline: float | None,
    ) -> bool:
        try:
            what, found = self._run(script, partition, names, args, deadline)
        except AnswerLost:  # done twice, it is done once
            what, found = self._run(script, partition, names, args, deadline)
        if what == b"unknown":
            self._epoch.require(found)  # else an operator has since accepted the epoch
            return self._done(script, partition, names, args, deadline)
        return bool(found)

    def _run(
        self,
        script: Script,
        partition: int,
        names: Sequence[str],
        args: Sequence[str | bytes | int],
        deadline: float | None,
    ) -> tuple[bytes, Any]:
        slot = keys.slot_of(partition)
        what, found = script.run(self._servers, slot, names, (self._epoch.known, *args), deadline)
        return what, found


def _asking(identity: str) -> Routed:
    partition = partition_of(identity)
    command = ("MGET", keys.epoch_key(partition), keys.identity_key(partition, identity))
    return keys.slot_of(partition), command


def _pointer_keys(identity: str) -> tuple[str, str, str]:
    partition = partition_of(identity)
    return (
        keys.identity_key(partition, identity),
        keys.epoch_key(partition),
        keys.shared_key(partition),
    )


def _fenced_keys(partition: int, customer_id: str) -> tuple[str, str, str]:
    return (
        keys.customer_key(partition, customer_id),
        keys.epoch_key(partition),
        keys.fenced_key(partition),
    )


def _pairs(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))
