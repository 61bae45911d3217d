"""Erasing: finding what the store holds of a customer, deleting it, and marking it as erased."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.change import Entry
from engine.partitions import partition_of
from engine.store import keys
from engine.store.epoch import Epoch
from engine.store.log import Log
from engine.store.scripts import Script, checked
from engine.store.servers import Servers

PAGE = 200

_erase = Script("erase")
_PATTERN = "{p*}:c:*"


class Erasure:
    """Every verb may be repeated: what is gone stays gone. Raises as `Store` does."""

    def __init__(self, servers: Servers, epoch: Epoch) -> None:
        self._servers = servers
        self._epoch = epoch
        self._log = Log(servers)

    def log(self, partition: int, after: str = "") -> Iterator[Entry]:
        """The entries of a partition's log, oldest first, those after an entry's id."""
        while True:
            page = self._log.read({partition: after or "0-0"}, PAGE)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].id

    def customers(self) -> Iterator[str]:
        """The ids of all customers. Walks the whole store: for a start after a restore only."""
        for slot in self._servers.one_slot_each():
            cursor = b"0"
            while True:
                command = ("SCAN", cursor, "MATCH", _PATTERN, "COUNT", 1000)
                cursor, found = checked(self._servers.read(slot, command, None))
                yield from (name.decode().split(":c:", 1)[1] for name in found)
                if cursor == b"0":
                    break

    def forget(self, customer_id: str, now: int, revision: int | None) -> tuple[int, int] | None:
        """Delete the customer; how many customers (0 or 1) and idempotency keys there were.

        `now`: ms, the store's clock; `revision`: the one it is known at, None for a former id.
        None when it changed, was merged or is being merged: nothing was deleted.
        """
        partition = partition_of(customer_id)
        names = [
            keys.epoch_key(partition),
            keys.customer_key(partition, customer_id),
            keys.fenced_key(partition),
            *keys.all_seen_keys(partition, customer_id, now),
        ]
        slot = keys.slot_of(partition)
        args = (self._epoch.known, "" if revision is None else revision, customer_id)
        match _erase.run(self._servers, slot, names, args, None):
            case [b"erased", customers, seen]:
                return customers, seen
            case [b"changed"]:
                return None
            case [_, epoch]:
                self._epoch.require(epoch)
        return self.forget(customer_id, now, revision)  # an operator has since accepted the epoch

    def forget_log(self, partition: int, entries: Sequence[str]) -> int:
        """Delete entries of a partition's log; how many there were."""
        return self._delete(partition, ("XDEL", keys.log_key(partition)), entries)

    def forget_decisions(self, partition: int, decision_ids: Sequence[str]) -> int:
        """Delete the pointers of decisions; how many there were."""
        names = [keys.decision_key(partition, one) for one in decision_ids]
        return self._delete(partition, ("DEL",), names)

    def mark(self, partition: int, tombstone: str, proof_id: str) -> None:
        """Remember in the store that this tombstone's customer was erased."""
        command = ("HSET", keys.tombstones_key(partition), tombstone, proof_id)
        checked(self._servers.write(keys.slot_of(partition), command, None))

    def marks(self, partition: int, tombstones: Sequence[str]) -> list[str | None]:
        """The proof each tombstone's customer was erased by; None where the store knows none."""
        slot = keys.slot_of(partition)
        known = ("GET", keys.epoch_key(partition))
        asked = ("HMGET", keys.tombstones_key(partition), *tombstones)
        epoch, found = map(checked, self._servers.read_all([(slot, known), (slot, asked)]))
        self._epoch.require(epoch)
        return [None if one is None else one.decode() for one in found]

    def _delete(self, partition: int, command: tuple[str, ...], names: Sequence[str]) -> int:
        slot = keys.slot_of(partition)
        return sum(
            checked(self._servers.write(slot, (*command, *names[at : at + PAGE]), None))
            for at in range(0, len(names), PAGE)
        )
