"""What could not be taken in, kept for a while so that a person can look at it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from engine.store.keys import WEEK, quarantine_key, quarantined_key, slot_of
from engine.store.scripts import ask, checked
from engine.store.servers import Routed, Servers

MOST = 1_000


class Quarantine:
    """A bounded shelf for each source: its latest `MOST`, or a little over, and nothing for
    longer than a week after its last came in. No source takes another's room. Raises as `Store`
    does."""

    def __init__(self, servers: Servers) -> None:
        self._servers = servers
        self._slot = slot_of(0)

    def keep(self, source: str, entries: Sequence[bytes]) -> None:
        """Set these of one source aside; its oldest make room."""
        key, sources = quarantine_key(source), quarantined_key()
        add = ("XADD", key, "MAXLEN", "~", MOST, "*", "e")
        self._write(
            ("SADD", sources, source),
            ("PEXPIRE", sources, WEEK),
            *((*add, entry) for entry in entries),
            ("PEXPIRE", key, WEEK),
        )

    def all(self) -> list[tuple[str, bytes]]:
        """What is there, oldest first, each with its id."""
        found = ask(self._servers, self._slot, ("SMEMBERS", quarantined_key()))
        sources = [bytes(source).decode() for source in found]
        ranges: list[Routed] = [
            (self._slot, ("XRANGE", quarantine_key(source), "-", "+")) for source in sources
        ]
        answers = self._servers.read_all(ranges) if ranges else []
        held = [
            (_order(name), f"{source}:{bytes(name).decode()}", bytes(fields[1]))
            for source, answer in zip(sources, answers, strict=True)
            for name, fields in checked(answer)
        ]
        return [(name, entry) for _, name, entry in sorted(held)]

    def drop(self, ids: Sequence[str]) -> None:
        """Take these away; ids are as `all` tells them."""
        by_source: defaultdict[str, list[str]] = defaultdict(list)
        for one in ids:
            source, _, name = one.rpartition(":")
            by_source[source].append(name)
        if by_source:
            self._write(*(("XDEL", quarantine_key(of), *names) for of, names in by_source.items()))

    def _write(self, *commands: Sequence[str | bytes | int]) -> None:
        for answer in self._servers.write_all([(self._slot, one) for one in commands]):
            checked(answer)


def _order(name: bytes) -> tuple[int, int]:
    """When it came in, ms, and which of that millisecond."""
    ms, _, nth = bytes(name).partition(b"-")
    return int(ms), int(nth)
