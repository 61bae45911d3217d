"""A Redis Cluster: each slot's server asked directly, moves followed as they are met."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from redis.exceptions import AskError, MovedError, RedisError

from engine.errors import Misconfigured, StoreUnavailable
from engine.store.connection import Command, Pool
from engine.store.servers import Routed, connection_settings

_MOVES = 5  # a slot that moves more often within one call is not settled yet


class _Address(NamedTuple):
    host: str
    port: int


class Cluster:
    """The servers of a cluster.

    A command answered with MOVED or ASK was not carried out, so taking it to the right
    server is no retry. `url` names a server to learn the others from, or several, with commas
    between them; once learned, any of them tells of the rest, so that the first may die.
    """

    def __init__(self, url: str, timeout: float) -> None:
        """Misconfigured for a URL that is none."""
        first, others = _named(url)
        self._settings = connection_settings(first)
        named = self._settings.get("host", "localhost"), self._settings.get("port", 6379)
        self._named = self._met = (_Address(*named), *others)
        self._timeout = timeout
        self._homes: dict[int, _Address] = {}
        self._pools: dict[_Address, Pool] = {}

    def read(self, slot: int, command: Command, deadline: float | None) -> Any:
        return self._follow(slot, (command,), deadline, write=False)[0]

    def write(self, slot: int, command: Command, deadline: float | None) -> Any:
        return self._follow(slot, (command,), deadline, write=True)[0]

    def write_then(self, slot: int, commands: Sequence[Command]) -> list[Any]:
        return self._follow(slot, commands, None, write=True)

    def read_all(self, commands: Sequence[Routed]) -> list[Any]:
        return self._all(commands, write=False)

    def write_all(self, commands: Sequence[Routed]) -> list[Any]:
        return self._all(commands, write=True)

    def one_slot_each(self) -> Sequence[int]:
        self._learn(None)
        return list({home: slot for slot, home in self._homes.copy().items()}.values())

    def close(self) -> None:
        for pool in list(self._pools.values()):
            pool.close()

    def _all(self, commands: Sequence[Routed], write: bool) -> list[Any]:
        by_home: dict[_Address, list[int]] = defaultdict(list)
        for index, (slot, _) in enumerate(commands):
            by_home[self._home(slot, None)].append(index)
        answers: list[Any] = [None] * len(commands)
        for home, indices in by_home.items():
            batch = [commands[index][1] for index in indices]
            for index, answer in zip(indices, self._ask(home, batch, None, write), strict=True):
                answers[index] = answer
        for index, (slot, command) in enumerate(commands):
            if isinstance(answers[index], (MovedError, AskError)):
                answers[index] = self._follow(slot, (command,), None, write)[0]
        return answers

    def _follow(
        self, slot: int, commands: Sequence[Command], deadline: float | None, write: bool
    ) -> list[Any]:
        """The first command says where they go."""
        batch = commands
        home = self._home(slot, deadline)
        for _ in range(_MOVES):
            answers = self._ask(home, batch, deadline, write)[-len(commands) :]
            answer = answers[0]
            if not isinstance(answer, (MovedError, AskError)):
                return answers
            home = _Address(answer.host or home.host, answer.port)
            if isinstance(answer, MovedError):
                self._homes[slot] = home
                batch = commands
            else:
                batch = [("ASKING",), *commands]
        raise StoreUnavailable(f"slot {slot} of the cluster keeps moving")

    def _ask(
        self, home: _Address, batch: Sequence[Command], deadline: float | None, write: bool
    ) -> list[Any]:
        pool = self._pool(home)
        try:
            return pool.write(batch, deadline) if write else pool.read(batch, deadline)
        except StoreUnavailable:
            self._forget(home)
            raise

    def _forget(self, home: _Address) -> None:
        """It may be gone for good: learn anew who has what it had. Other threads do so, too."""
        self._met = _last(home, self._met)
        for slot, of in self._homes.copy().items():
            if of == home:
                self._homes.pop(slot, None)

    def _pool(self, at: _Address) -> Pool:
        return self._pools.get(at) or self._pools.setdefault(at, self._make(at))

    def _make(self, at: _Address) -> Pool:
        return Pool({**self._settings, "host": at.host, "port": at.port}, self._timeout)

    def _home(self, slot: int, deadline: float | None) -> _Address:
        home = self._homes.get(slot)
        if home is None:
            self._learn(deadline)
            home = self._homes.get(slot)
        if home is None:
            raise StoreUnavailable(f"no server of the cluster holds slot {slot}")
        return home

    def _learn(self, deadline: float | None) -> None:
        """Who has what, as the first server says that answers. Raises StoreUnavailable."""
        away: StoreUnavailable | None = None
        for at in self._met:
            try:
                self._take(self._slots(at, deadline), at)
            except StoreUnavailable as error:
                away = away or error
                self._forget(at)
                if deadline is not None and time.monotonic() >= deadline:
                    break  # the others could not answer in no time
            else:
                return
        raise away or StoreUnavailable("no server of the cluster is known")

    def _slots(self, at: _Address, deadline: float | None) -> Sequence[Any]:
        answer: Any = self._pool(at).read((("CLUSTER", "SLOTS"),), deadline)[0]
        if isinstance(answer, RedisError):
            raise StoreUnavailable(f"the cluster cannot be reached: {answer}")
        return cast("Sequence[Any]", answer)

    def _take(self, ranges: Iterable[Sequence[Any]], told_by: _Address) -> None:
        """Ranges of slots as a server tells them: the first, the last, who has them, replicas."""
        homes: dict[int, _Address] = {}
        met: dict[_Address, None] = {}
        for first, last, *servers in ranges:
            theirs = [_told(one, told_by) for one in servers]
            met.update(dict.fromkeys(theirs))
            homes.update(dict.fromkeys(range(first, last + 1), theirs[0]))
        kept = [one for one in self._met if one in met or one in self._named]
        self._met = _last(told_by, dict.fromkeys((*kept, *met)))  # what it missed another tells
        self._homes = homes


def _last(one: _Address, servers: Iterable[_Address]) -> tuple[_Address, ...]:
    """With that one asked last."""
    return tuple(sorted(servers, key=lambda other: other == one))


def _told(server: Sequence[Any], told_by: _Address) -> _Address:
    """Where a server is; one that has no name has the one it was asked by."""
    return _Address(server[0].decode() if server[0] else told_by.host, server[1])


def _named(url: str) -> tuple[str, list[_Address]]:
    """The URL with the first of its servers alone, and where the others are."""
    try:
        parts = urlsplit(url)
        login, at, servers = parts.netloc.rpartition("@")
        if "," not in servers:
            return url, []
        _, *others = map(_address, servers.split(","))
    except ValueError as error:
        raise Misconfigured(f"TELLER_REDIS_URL is not a Redis URL: {error}") from error
    first = servers.partition(",")[0]
    return parts._replace(netloc=f"{login}{at}{first}").geturl(), others


def _address(server: str) -> _Address:
    """Of one of several servers. Raises ValueError."""
    parts = urlsplit(f"//{server}")
    if not parts.hostname or server.endswith(":") or server != server.strip():
        raise ValueError(f"of several servers each is host:port, and {server!r} is not")
    return _Address(parts.hostname, parts.port or 6379)
