"""The partitions' logs, for who reads them from end to end: the archive, the timeline.

What a reader has read is kept beside each log, which is trimmed behind all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from engine.change import Entry
from engine.partitions import PARTITIONS, partition_of, partition_of_decision
from engine.store import keys
from engine.store.scripts import Script, checked
from engine.store.servers import Routed, Servers

_advance = Script("advance")
_trim = Script("trim")
_lease = Script("lease")


class Trimmed(NamedTuple):
    """How many entries went, and how many of them some reader had not read."""

    gone: int
    unread: int


class Log:
    """All partitions' logs. Every verb raises StoreUnavailable when the store does not answer."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers

    def read(self, after: Mapping[int, str], count: int, until: str = "+") -> list[Entry]:
        """The next entries of each partition in `after`, at most `count` of each, in log order;
        none later than `until`, an entry's id or a time in ms."""
        commands: list[Routed] = [
            (
                keys.slot_of(partition),
                ("XRANGE", keys.log_key(partition), f"({last}", until, "COUNT", count),
            )
            for partition, last in after.items()
        ]
        answers = self._servers.read_all(commands)
        return [
            Entry(partition, entry.decode(), fields[1])
            for partition, answer in zip(after, answers, strict=True)
            for entry, fields in checked(answer)
        ]

    def decisions(self, ids: Collection[str]) -> dict[str, Entry]:
        """The entries of these decisions, by id; one that is no longer kept is left out."""
        partitions = {id: at for id in ids if (at := partition_of_decision(id)) is not None}
        commands: list[Routed] = [
            (keys.slot_of(at), ("GET", keys.decision_key(at, id))) for id, at in partitions.items()
        ]
        places = {
            id: (partitions[id], pointer.decode().partition(" ")[0])
            for id, answer in zip(partitions, self._asked(commands), strict=True)
            if (pointer := checked(answer)) is not None
        }
        asked: list[Routed] = [
            (keys.slot_of(at), ("XRANGE", keys.log_key(at), entry, entry))
            for at, entry in places.values()
        ]
        return {
            id: Entry(at, entry, found[0][1][1])
            for (id, (at, entry)), answer in zip(places.items(), self._asked(asked), strict=True)
            if (found := checked(answer))
        }

    def subjects(self, customer_ids: Collection[str]) -> dict[str, str]:
        """Each customer's subject; one who was merged has the other's, one erased has none."""
        subjects: dict[str, str] = {}
        onward: dict[str, str] = {}
        asked = dict.fromkeys(customer_ids)
        while asked:  # merges of merges, each asked for once: a damaged store may hold a circle
            for one, (subject, redirect) in zip(asked, self._names(asked), strict=True):
                if redirect is not None:
                    onward[one] = redirect.decode()
                elif subject is not None:
                    subjects[one] = subject.decode()
            asked = {onward[one]: None for one in asked if one in onward}
            asked = {one: None for one in asked if one not in onward}
        ends = {one: _end(one, onward) for one in customer_ids}
        return {one: subjects[end] for one, end in ends.items() if end in subjects}

    def advance(self, reader: str, positions: Mapping[int, str]) -> None:
        """Say what a reader has read of each partition; it never goes back.

        `0-0` registers a reader: from then on nothing it has not read is trimmed.
        """
        for partition, entry in positions.items():
            key = keys.readers_key(partition)
            _advance.run(self._servers, keys.slot_of(partition), [key], [reader, entry], None)

    def retire(self, reader: str) -> None:
        """Forget a reader: what only it had not read may be trimmed."""
        commands: list[Routed] = [
            (keys.slot_of(partition), ("HDEL", keys.readers_key(partition), reader))
            for partition in range(PARTITIONS)
        ]
        for answer in self._servers.write_all(commands):
            checked(answer)

    def trim(self, before: int, at_latest: int) -> Trimmed:
        """Let entries go from before `before` (ms) that every reader has read, and from before
        `at_latest` (ms) whoever has read them."""
        gone = [
            _trim.run(
                self._servers,
                keys.slot_of(partition),
                [keys.log_key(partition), keys.readers_key(partition)],
                [before, at_latest],
                None,
            )
            for partition in range(PARTITIONS)
        ]
        return Trimmed(sum(all for all, _ in gone), sum(unread for _, unread in gone))

    def hold(self, lease: str, token: str, life: int) -> bool:
        """Whether the lease is ours for `life` ms from now; 0 gives it back."""
        key = keys.lease_key(lease)
        return bool(_lease.run(self._servers, keys.slot_of(0), [key], [token, life], None))

    def _asked(self, commands: Sequence[Routed]) -> list[Any]:
        return self._servers.read_all(commands) if commands else []

    def _names(self, customer_ids: Iterable[str]) -> list[Any]:
        commands: list[Routed] = []
        for customer_id in customer_ids:
            partition = partition_of(customer_id)
            key = keys.customer_key(partition, customer_id)
            commands.append((keys.slot_of(partition), ("HMGET", key, "subject", "redirect")))
        return [checked(answer) for answer in self._servers.read_all(commands)]


def _end(customer_id: str, onward: Mapping[str, str]) -> str:
    """Where redirects lead; somewhere on a circle, if they do not end."""
    passed: set[str] = set()
    while customer_id in onward and customer_id not in passed:
        passed.add(customer_id)
        customer_id = onward[customer_id]
    return customer_id
