"""Opening a store: the checks that make it one we may keep promises with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from engine.change import Durability
from engine.errors import Misconfigured, StoreRefused
from engine.store.cluster import Cluster
from engine.store.connection import Pool
from engine.store.durability import durability_warnings, info
from engine.store.embedded import embedded_server
from engine.store.epoch import Epoch
from engine.store.redis import Store
from engine.store.rewriting import forgetting_warnings
from engine.store.servers import Servers, Single, connection_settings

TIMEOUT = 0.25  # seconds: a stalled store is noticed within a page's budget


@contextmanager
def open_store(
    url: str | None, data: Path, timeout: float = TIMEOUT, durability: Durability = "everysec"
) -> Iterator[Store]:
    """A store that was checked, for as long as the context is open; nothing is shared by forks.

    `url`: `redis://`, `rediss://` or `unix://`, with `?cluster=true` for a cluster; None runs
    the embedded server in `data`, which also holds the epoch's twin. `timeout` in seconds.
    `durability`: what the server must give. Raises Misconfigured, StoreUnavailable, or
    StateUnknown for a store of mixed epochs.
    """
    with ExitStack() as stack:
        home = url or stack.enter_context(embedded_server(data, durability=durability))
        servers = _servers(home, timeout)
        stack.callback(servers.close)
        with _introduced():
            _refuse_eviction(servers)
        warnings = durability_warnings(servers, durability) + forgetting_warnings(servers)
        epoch = Epoch(data)
        epoch.open(servers)
        yield Store(servers, epoch, warnings, durability == "replicated")


def accept_epoch(url: str | None, data: Path, timeout: float = TIMEOUT) -> int:
    """Go on with a store whose memory is not the one we knew, on an operator's word.

    Returns how many partitions had lost their epoch or held another.
    """
    with ExitStack() as stack:
        servers = _servers(url or stack.enter_context(embedded_server(data)), timeout)
        stack.callback(servers.close)
        with _introduced():
            return Epoch(data).accept(servers)


@contextmanager
def _introduced() -> Iterator[None]:
    """A login refused at the first word is a setting's fault; one refused later is an outage."""
    try:
        yield
    except StoreRefused as error:
        raise Misconfigured(str(error)) from error


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
        policy = info(servers, slot, "memory").get("maxmemory_policy", "")
        if policy != "noeviction":
            raise Misconfigured(
                f"the store forgets customers when memory is full (maxmemory-policy {policy}), and "
                "with them their caps and opt-outs: set `maxmemory-policy noeviction`"
            )
