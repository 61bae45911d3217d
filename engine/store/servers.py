"""Where a command goes: one server for everything, or see `cluster`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from redis.connection import parse_url

from engine.errors import Misconfigured
from engine.store.connection import Command, Pool

Routed = tuple[int, Command]


class Servers(Protocol):
    """Takes commands to the server that holds their slot (0 to 16383).

    `read` is for what changes nothing and may be asked twice; `write` is sent once. An error
    the server answered comes back as a value; see `connection.Pool` for what is raised.
    """

    def read(self, slot: int, command: Command, deadline: float | None) -> Any: ...
    def write(self, slot: int, command: Command, deadline: float | None) -> Any: ...
    def write_then(self, slot: int, commands: Sequence[Command]) -> list[Any]:
        """Several commands for one server on one connection: what the first one writes is what
        a WAIT after it waits for."""

    def read_all(self, commands: Sequence[Routed]) -> list[Any]: ...
    def write_all(self, commands: Sequence[Routed]) -> list[Any]: ...
    def one_slot_each(self) -> Sequence[int]:
        """A slot of every server, to ask each of them something."""

    def close(self) -> None: ...


class Single:
    """One server holds every slot."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def read(self, slot: int, command: Command, deadline: float | None) -> Any:  # noqa: ARG002
        return self._pool.read((command,), deadline)[0]

    def write(self, slot: int, command: Command, deadline: float | None) -> Any:  # noqa: ARG002
        return self._pool.write((command,), deadline)[0]

    def write_then(self, slot: int, commands: Sequence[Command]) -> list[Any]:  # noqa: ARG002
        return self._pool.write(commands, None)

    def read_all(self, commands: Sequence[Routed]) -> list[Any]:
        return self._pool.read([command for _, command in commands], None)

    def write_all(self, commands: Sequence[Routed]) -> list[Any]:
        return self._pool.write([command for _, command in commands], None)

    def one_slot_each(self) -> Sequence[int]:
        return (0,)

    def close(self) -> None:
        self._pool.close()


def connection_settings(url: str) -> dict[str, Any]:
    """redis-py's connection arguments from a URL; Misconfigured when it is none."""
    try:
        return dict(parse_url(url))  # type: ignore[no-untyped-call]  # redis-py leaves it so
    except ValueError as error:
        raise Misconfigured(f"TELLER_REDIS_URL is not a Redis URL: {error}") from error
