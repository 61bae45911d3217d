"""What could not be taken in, kept for a while so that a person can look at it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.store.keys import quarantine_key, slot_of
from engine.store.scripts import checked
from engine.store.servers import Servers

MOST = 1_000
WEEK = 7 * 24 * 3600 * 1000  # ms


class Quarantine:
    """A bounded shelf: the latest `MOST`, or a little over, and nothing for longer than a week
    after the last came in. Raises as `Store` does."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._key = quarantine_key()
        self._slot = slot_of(0)

    def keep(self, entries: Sequence[bytes]) -> None:
        """Set these aside; the oldest make room."""
        add = ("XADD", self._key, "MAXLEN", "~", MOST, "*", "e")
        commands = [(self._slot, (*add, entry)) for entry in entries]
        expire = (self._slot, ("PEXPIRE", self._key, WEEK))
        for answer in self._servers.write_all([*commands, expire]):
            checked(answer)

    def all(self) -> list[tuple[str, bytes]]:
        """What is there, oldest first, each with its id."""
        answer = checked(self._servers.read(self._slot, ("XRANGE", self._key, "-", "+"), None))
        return [(bytes(name).decode(), bytes(held[1])) for name, held in answer]

    def drop(self, ids: Sequence[str]) -> None:
        """Take these away."""
        if ids:
            checked(self._servers.write(self._slot, ("XDEL", self._key, *ids), None))
