"""The Lua scripts beside this file, called by digest and loaded where a server lacks them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1
from importlib import resources
from typing import Any

from redis.exceptions import NoScriptError, RedisError

from engine.errors import StoreUnavailable
from engine.store.connection import Command
from engine.store.servers import Servers

Call = tuple[int, Sequence[str], Sequence[str | bytes | int]]
"""A slot, and a script's keys and arguments."""


class Script:
    """One atomic act, `scripts/<name>.lua`."""

    def __init__(self, name: str) -> None:
        self._text = resources.files("engine.store").joinpath(f"scripts/{name}.lua").read_bytes()
        self._digest = sha1(self._text, usedforsecurity=False).hexdigest()
        self._reads = b"no-writes" in self._text.partition(b"\n")[0]

    def run(
        self,
        servers: Servers,
        slot: int,
        keys: Sequence[str],
        args: Sequence[str | bytes | int],
        deadline: float | None,
    ) -> Any:
        """The script's answer; StoreUnavailable when the server refuses, AnswerLost for a write."""
        command = ("EVALSHA", self._digest, len(keys), *keys, *args)
        go = servers.read if self._reads else servers.write
        answer = go(slot, command, deadline)
        if isinstance(answer, NoScriptError):  # a new server, or one that was flushed
            checked(servers.write(slot, ("SCRIPT", "LOAD", self._text), deadline))
            answer = go(slot, command, deadline)
        return checked(answer)

    def run_all(self, servers: Servers, calls: Sequence[Call]) -> list[Any]:
        """The answers to many calls, sent together: a trip a server, not one a call."""
        if not calls:
            return []
        go = servers.read_all if self._reads else servers.write_all
        evalsha = ("EVALSHA", self._digest)
        answers = go([(slot, (*evalsha, len(keys), *keys, *args)) for slot, keys, args in calls])
        return [
            self.run(servers, *call, None) if isinstance(answer, NoScriptError) else checked(answer)
            for call, answer in zip(calls, answers, strict=True)
        ]


def checked(answer: Any) -> Any:
    """The answer itself; StoreUnavailable when it is an error, which means nothing was done."""
    if isinstance(answer, RedisError):
        raise StoreUnavailable(f"the store refused: {answer}") from answer
    return answer


def ask(servers: Servers, slot: int, command: Command) -> Any:
    """The answer to one plain command that changes nothing."""
    return checked(servers.read(slot, command, None))
