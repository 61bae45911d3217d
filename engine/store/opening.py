"""Opening a store: the checks that make it one we may keep promises with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from redis.exceptions import RedisError

from engine.errors import Misconfigured
from engine.store.cluster import Cluster
from engine.store.connection import Pool
from engine.store.embedded import embedded_server
from engine.store.epoch import Epoch
from engine.store.redis import Store
from engine.store.scripts import ask
from engine.store.servers import Servers, Single, connection_settings

TIMEOUT = 0.25  # seconds: a stalled store is noticed within a page's budget


@contextmanager
def open_store(url: str | None, data: Path, timeout: float = TIMEOUT) -> Iterator[Store]:
    """A store that was checked, for as long as the context is open; nothing is shared by forks.

    `url`: `redis://`, `rediss://` or `unix://`, with `?cluster=true` for a cluster; None runs
    the embedded server in `data`, which also holds the epoch's twin. `timeout` in seconds.
    Raises Misconfigured, StoreUnavailable, or StateUnknown for a store of mixed epochs.
    """
    with ExitStack() as stack:
        servers = _servers(url or stack.enter_context(embedded_server(data)), timeout)
        stack.callback(servers.close)
        _refuse_eviction(servers)
        epoch = Epoch(data)
        epoch.open(servers)
        yield Store(servers, epoch, _warnings(servers))


def accept_epoch(url: str | None, data: Path, timeout: float = TIMEOUT) -> int:
    """Go on with a store whose memory is not the one we knew, on an operator's word.

    Returns how many partitions had lost their epoch or held another.
    """
    with ExitStack() as stack:
        servers = _servers(url or stack.enter_context(embedded_server(data)), timeout)
        stack.callback(servers.close)
        return Epoch(data).accept(servers)


def _servers(url: str, timeout: float) -> Servers:
    plain, cluster = _split(url)
    if cluster:
        return Cluster(plain, timeout)
    return Single(Pool(connection_settings(plain), timeout))


def _split(url: str) -> tuple[str, bool]:
    """The URL as redis-py knows it, and whether it says `cluster=true`."""
    address, _, options = url.partition("?")
    query = dict(parse_qsl(options))
    cluster = query.pop("cluster", "false")
    if cluster not in ("true", "false"):
        raise Misconfigured(f"TELLER_REDIS_URL: cluster is true or false, not {cluster!r}")
    return f"{address}?{urlencode(query)}", cluster == "true"


def _refuse_eviction(servers: Servers) -> None:
    for slot in servers.one_slot_each():
        policy = _info(servers, slot, "memory").get("maxmemory_policy", "")
        if policy != "noeviction":
            raise Misconfigured(
                f"the store forgets customers when memory is full (maxmemory-policy {policy}), and "
                "with them their caps and opt-outs: set `maxmemory-policy noeviction`"
            )


def _warnings(servers: Servers) -> tuple[str, ...]:
    kept = [_persists(servers, slot) for slot in servers.one_slot_each()]
    if all(kept):
        return ()
    return (
        "THE STORE KEEPS NOTHING ON DISK: after a restart every cap, opt-out and decision is "
        "gone. Set `appendonly yes`.",
    )


def _persists(servers: Servers, slot: int) -> bool:
    if _info(servers, slot, "persistence").get("aof_enabled") == "1":
        return True
    answer = servers.read(slot, ("CONFIG", "GET", "save"), None)  # forbidden by some hosts
    return not isinstance(answer, RedisError) and bool(answer[1])


def _info(servers: Servers, slot: int, section: str) -> dict[str, str]:
    text = bytes(ask(servers, slot, ("INFO", section))).decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
