"""Connections to one server, on redis-py's `Connection`, and what its failures mean.

Nothing is connected before the first call, and nothing is shared with a forked child.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from hiredis import pack_command
from redis.backoff import NoBackoff
from redis.connection import Connection, SSLConnection
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    NoPermissionError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as Disconnected
from redis.retry import Retry

from engine.errors import AnswerLost, StoreRefused, StoreUnavailable

Command = Sequence[str | bytes | int]

_REFUSED = (AuthenticationError, AuthorizationError, NoPermissionError)
_packed = cast("Callable[[Command], bytes]", pack_command)  # its types know one argument only
_LEAST = 0.001  # seconds; a socket timeout of 0 would mean something else


class _Connection(Protocol):
    """What we use of redis-py's connections, which it leaves untyped."""

    @property
    def is_connected(self) -> bool: ...
    def connect(self) -> None: ...
    def disconnect(self) -> None: ...
    def send_packed_command(self, command: list[bytes], check_health: bool) -> None: ...
    def read_response(self, *, timeout: float = ...) -> Any: ...


class _LostError(Exception):
    """No answer came. `sent`: the server may have acted; `dropped`: it hung up on us."""

    def __init__(self, error: Exception, sent: bool) -> None:
        stalled = isinstance(error.__context__, BlockingIOError)  # the kernel's word for too late
        self.sent = sent
        self.dropped = isinstance(error, (Disconnected, OSError)) and not stalled
        super().__init__("it took too long" if stalled else str(error))


class Pool:
    """Connections to one server; a call takes the one last used.

    `settings` are redis-py's connection arguments. `timeout` (seconds) bounds connecting,
    sending and each wait for an answer; a call's `deadline` (`time.monotonic`) bounds it further.
    Answers that are errors come back as values.
    """

    def __init__(self, settings: dict[str, Any], timeout: float) -> None:
        self._make: Callable[..., _Connection] = settings.get("connection_class", Connection)
        self._settings = {
            "protocol": 2,
            "driver_info": None,  # spares each connection two round trips
            "retry": Retry(NoBackoff(), 0),
            **_bounded(self._make, timeout),
            **{name: value for name, value in settings.items() if name != "connection_class"},
        }
        self._timeout = timeout
        self._idle: deque[_Connection] = deque()
        self._pid = os.getpid()

    def read(self, commands: Sequence[Command], deadline: float | None) -> list[Any]:
        """Answers to commands that change nothing, asked once more if the server hung up."""
        try:
            try:
                return self._exchange(commands, deadline)
            except _LostError as lost:
                if not lost.dropped:
                    raise
                return self._exchange(commands, deadline)
        except _LostError as lost:
            raise StoreUnavailable(f"the store did not answer: {lost}") from lost

    def write(self, commands: Sequence[Command], deadline: float | None) -> list[Any]:
        """Answers to commands that may change something, sent once and never again.

        AnswerLost when all was sent and no answer came; StoreUnavailable when nothing was done.
        """
        try:
            return self._exchange(commands, deadline)
        except _LostError as lost:
            if lost.sent:
                raise AnswerLost(f"the store's answer to a write was lost: {lost}") from lost
            raise StoreUnavailable(f"the store took no request: {lost}") from lost

    def close(self) -> None:
        """Hang up what is idle; a later call connects anew."""
        while connection := self._idle_connection():
            connection.disconnect()

    def _exchange(self, commands: Sequence[Command], deadline: float | None) -> list[Any]:
        connection = self._idle_connection() or self._connect(deadline)
        sent = False
        try:
            connection.send_packed_command(_pack(commands), check_health=False)
            sent = True
            answers = [self._answer(connection, deadline) for _ in commands]
        except (RedisError, OSError) as error:
            connection.disconnect()
            self._idle.clear()  # what dropped one connection has dropped them all
            raise _LostError(error, sent) from error
        except BaseException:
            connection.disconnect()
            raise
        if isinstance(answers[-1], ReadOnlyError):  # a failover: the address has a new server
            connection.disconnect()
            self._idle.clear()
        elif connection.is_connected:
            self._idle.append(connection)
        return answers

    def _idle_connection(self) -> _Connection | None:
        if self._pid != os.getpid():  # a fork: these sockets are our parent's
            self._idle = deque()
            self._pid = os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _connect(self, deadline: float | None) -> _Connection:
        limit = self._timeout if deadline is None else min(left(deadline), self._timeout)
        connection = self._make(socket_connect_timeout=limit, **self._settings)
        try:
            connection.connect()
        except _REFUSED as error:
            raise StoreRefused(f"the store refuses us, check TELLER_REDIS_URL: {error}") from error
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"the store cannot be reached: {error}") from error
        return connection

    def _answer(self, connection: _Connection, deadline: float | None) -> Any:
        try:
            if deadline is None:
                return connection.read_response()
            limit = min(max(deadline - time.monotonic(), _LEAST), self._timeout)
            return connection.read_response(timeout=limit)
        except (ResponseError, BusyLoadingError) as error:
            return error


def _bounded(kind: Callable[..., _Connection], timeout: float) -> dict[str, Any]:
    """The arguments that bound each send and each wait by `timeout` seconds.

    On plain sockets the kernel keeps the time. Python would ask `poll` before each of them, and
    let go of its lock for that: two system calls and two turns at the lock, each way.
    """
    if kind is SSLConnection:
        return {"socket_timeout": timeout}
    whole, rest = divmod(round(timeout * 1_000_000), 1_000_000)
    limit = struct.pack("@ll", whole, rest)

    def introduce(connection: Any) -> None:
        for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            connection._sock.setsockopt(socket.SOL_SOCKET, option, limit)
        connection.on_connect()

    return {"socket_timeout": None, "redis_connect_func": introduce}


def left(deadline: float) -> float:
    """Seconds until `deadline`; StoreUnavailable when there are none."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise StoreUnavailable("no time was left to ask the store")
    return seconds


def _pack(commands: Sequence[Command]) -> list[bytes]:
    """As they go over the wire, in one piece: one system call. redis-py's own way there looks at
    every argument in Python, which for a commit is a tenth of it all."""
    return [b"".join([_packed(tuple(command)) for command in commands])]
