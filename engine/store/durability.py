"""What an acknowledged change survives: whether the server gives what was asked for."""

from __future__ import annotations

import time

from redis.exceptions import RedisError

from engine.change import Durability
from engine.errors import Misconfigured, NotReplicated, StoreUnavailable
from engine.store import keys
from engine.store.scripts import ask, checked
from engine.store.servers import Servers

_PATIENCE = 200  # ms for a replica to confirm; less than a socket's timeout
_UNCONFIRMED = "this opt-out holds here, but no replica has confirmed it yet: send it again"
_NOTHING_KEPT = (
    "THE STORE KEEPS NOTHING ON DISK: after a restart every cap, opt-out and decision is gone. "
    "Set `appendonly yes`."
)
_NO_REPLICA = "the store has no replica now: until it has one, opt-outs are answered 503"
_UNTOLD = "the store does not tell its appendfsync: see to it that it is `always`"


def durability_warnings(servers: Servers, durability: Durability) -> tuple[str, ...]:
    """What falls short of `durability` and may yet come. Misconfigured for what may not."""
    if durability == "memory":
        return ()
    found: list[str] = []
    for slot in servers.one_slot_each():
        if durability == "always":
            found += _always(servers, slot)
        elif not _persists(servers, slot):
            found.append(_NOTHING_KEPT)
        replicas = info(servers, slot, "replication").get("connected_slaves")
        if durability == "replicated" and replicas == "0":
            found.append(_NO_REPLICA)
    return tuple(dict.fromkeys(found))


def wait_for_replica(servers: Servers, partition: int) -> None:
    """Return once a replica has all that was written to the partition; else NotReplicated.

    WAIT waits for what its own connection wrote, so it follows a write that comes after all
    that is waited for.
    """
    mark = ("SET", keys.waited_key(partition), time.time_ns())
    try:
        answers = servers.write_then(keys.slot_of(partition), (mark, ("WAIT", 1, _PATIENCE)))
    except StoreUnavailable as error:
        raise NotReplicated(_UNCONFIRMED) from error
    if checked(answers[0]) != b"OK" or checked(answers[1]) < 1:
        raise NotReplicated(_UNCONFIRMED)


def info(servers: Servers, slot: int, section: str) -> dict[str, str]:
    """What the slot's server says of itself."""
    text = bytes(ask(servers, slot, ("INFO", section))).decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def _always(servers: Servers, slot: int) -> list[str]:
    if info(servers, slot, "persistence").get("aof_enabled") == "1":
        answer = servers.read(slot, ("CONFIG", "GET", "appendfsync"), None)
        if isinstance(answer, RedisError):  # forbidden by some hosts
            return [_UNTOLD]
        if answer[1] == b"always":
            return []
    raise Misconfigured(
        "TELLER_DURABILITY=always, and the store does not write each change to disk before it "
        "answers: set `appendonly yes` and `appendfsync always`, or choose everysec"
    )


def _persists(servers: Servers, slot: int) -> bool:
    if info(servers, slot, "persistence").get("aof_enabled") == "1":
        return True
    answer = servers.read(slot, ("CONFIG", "GET", "save"), None)  # forbidden by some hosts
    return not isinstance(answer, RedisError) and bool(answer[1])
