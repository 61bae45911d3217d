"""A Redis Cluster: each slot's server asked directly, moves followed as they are met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import AskError, MovedError, RedisClusterException, RedisError
from redis.retry import Retry

from engine.errors import Misconfigured, StoreUnavailable
from engine.store.connection import Command, Pool
from engine.store.servers import Routed, connection_settings

_node = cast("Callable[[str, int], ClusterNode]", ClusterNode)  # redis-py leaves it untyped
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
        self._url, self._met = _named(url)
        self._settings = connection_settings(self._url)
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
        self._learn()
        return list({home: slot for slot, home in self._homes.copy().items()}.values())

    def close(self) -> None:
        for pool in list(self._pools.values()):
            pool.close()

    def _all(self, commands: Sequence[Routed], write: bool) -> list[Any]:
        by_home: dict[_Address, list[int]] = defaultdict(list)
        for index, (slot, _) in enumerate(commands):
            by_home[self._home(slot)].append(index)
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
        home = self._home(slot)
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
        pool = self._pools.get(home) or self._pools.setdefault(home, self._pool(home))
        try:
            return pool.write(batch, deadline) if write else pool.read(batch, deadline)
        except StoreUnavailable:
            self._forget(home)
            raise

    def _forget(self, home: _Address) -> None:
        """It may be gone for good: learn anew who has what it had. Other threads do so, too."""
        for slot, of in self._homes.copy().items():
            if of == home:
                self._homes.pop(slot, None)

    def _pool(self, home: _Address) -> Pool:
        return Pool({**self._settings, "host": home.host, "port": home.port}, self._timeout)

    def _home(self, slot: int) -> _Address:
        home = self._homes.get(slot)
        if home is None:
            self._learn()
            home = self._homes.get(slot)
        if home is None:
            raise StoreUnavailable(f"no server of the cluster holds slot {slot}")
        return home

    def _learn(self) -> None:
        try:
            cluster = RedisCluster.from_url(
                self._url,
                startup_nodes=[_node(*one) for one in self._met],
                socket_timeout=self._timeout,
                socket_connect_timeout=self._timeout,
                retry=Retry(NoBackoff(), 0),
                require_full_coverage=False,
            )
        except (RedisError, RedisClusterException) as error:
            raise StoreUnavailable(f"the cluster cannot be reached: {error}") from error
        slots = cluster.nodes_manager.slots_cache.items()
        met = cluster.nodes_manager.nodes_cache.values()
        self._met = {_Address(str(one.host), int(one.port)) for one in met}
        cluster.close()
        self._homes = {slot: _Address(str(of[0].host), int(of[0].port)) for slot, of in slots}


def _named(url: str) -> tuple[str, set[_Address]]:
    """The URL with the first of its servers alone, and where the others are."""
    try:
        parts = urlsplit(url)
        login, at, servers = parts.netloc.rpartition("@")
        if "," not in servers:
            return url, set()
        _, *others = map(_address, servers.split(","))
    except ValueError as error:
        raise Misconfigured(f"TELLER_REDIS_URL is not a Redis URL: {error}") from error
    first = servers.partition(",")[0]
    return parts._replace(netloc=f"{login}{at}{first}").geturl(), set(others)


def _address(server: str) -> _Address:
    """Of one of several servers. Raises ValueError."""
    parts = urlsplit(f"//{server}")
    if not parts.hostname or server.endswith(":") or server != server.strip():
        raise ValueError(f"of several servers each is host:port, and {server!r} is not")
    return _Address(parts.hostname, parts.port or 6379)
