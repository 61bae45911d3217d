"""Facts about a cluster one of whose servers dies and is stood in for by its replica."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import combinations, count
from pathlib import Path

import pytest
import redis

from engine.change import Committed
from engine.errors import StoreUnavailable
from engine.partitions import partition_of
from engine.store import Store, open_store
from engine.store.cluster import Cluster, _Address
from engine.store.embedded import find_server
from engine.store.keys import slot_of
from tests.store.builders import change
from tests.store.conftest import node_id, plain_server, port_of, stalled, until, whole

THIRDS = (0, 5460), (5461, 10922), (10923, 16383)
OPTIONS = (
    *("--cluster-enabled", "yes", "--cluster-node-timeout", "500"),
    *("--cluster-require-full-coverage", "no"),
)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[redis.Redis]]:
    """Three servers, a third of the slots each, and a fourth that is the replica of the first."""
    with ExitStack() as stack:
        nodes = [
            stack.enter_context(plain_server(find_server(), tmp_path / str(number), *OPTIONS))
            for number in range(4)
        ]
        for node, (first, last) in zip(nodes[:3], THIRDS, strict=True):
            node.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
        for one, other in combinations(nodes, 2):  # told of all, they need not gossip
            one.execute_command("CLUSTER MEET", "127.0.0.1", port_of(other))
        until(lambda: all(map(whole, nodes)) and all(len(known(node)) == 4 for node in nodes))
        nodes[3].execute_command("CLUSTER REPLICATE", node_id(nodes[0]))
        until(lambda: nodes[3].info("replication")["master_link_status"] == "up")
        yield nodes


def known(node: redis.Redis) -> dict[str, object]:
    found: dict[str, object] = node.execute_command("CLUSTER NODES")
    return found


def held_by(number: int) -> str:
    """A customer whom that server holds."""
    first, last = THIRDS[number]
    return next(
        name
        for name in (f"c-{one}" for one in count())
        if first <= slot_of(partition_of(name)) <= last
    )


def answers_again(store: Store, customer: str) -> bool:
    try:
        store.load(customer)
    except StoreUnavailable:
        return False
    return True


def test_a_replica_stands_in_for_the_server_that_the_url_names(
    nodes: list[redis.Redis], tmp_path: Path
) -> None:
    url = f"redis://127.0.0.1:{port_of(nodes[0])}/0?cluster=true"
    customer, other = held_by(0), held_by(1)
    with open_store(url, tmp_path / "data") as store:
        assert isinstance(store.commit(change(store.load(customer))), Committed)
        until(lambda: nodes[3].dbsize() == nodes[0].dbsize())
        os.kill(nodes[0].info("server")["process_id"], signal.SIGKILL)
        with pytest.raises(StoreUnavailable):
            store.load(customer)
        assert isinstance(store.commit(change(store.load(other))), Committed)
        until(lambda: nodes[3].info("replication")["role"] == "master" and whole(nodes[3]))
        until(lambda: answers_again(store, customer))
        loaded = store.load(customer)
        assert loaded.state.revision == 1
        assert isinstance(store.commit(change(loaded)), Committed)
        assert store.health().ready
    several = f"redis://127.0.0.1:{port_of(nodes[0])},127.0.0.1:{port_of(nodes[1])}/0?cluster=true"
    with open_store(several, tmp_path / "data") as store:
        assert store.load(customer).state.revision == 2


def test_all_who_meet_a_dead_server_at_once_are_told_that_it_is_away() -> None:
    cluster = Cluster("redis://127.0.0.1:1", 1.0)
    gone = [_Address("127.0.0.1", port) for port in (1, 2)]

    def met(number: int) -> type[Exception] | None:
        home = gone[number % 2]
        cluster._homes.update((slot, gone[slot % 2]) for slot in range(16384))
        try:
            cluster._ask(home, [("PING",)], None, write=False)
        except Exception as error:  # noqa: BLE001 - which one is what is asked
            return type(error)
        return None

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            assert set(threads.map(met, range(320))) == {StoreUnavailable}
    finally:
        sys.setswitchinterval(usual)


def test_a_server_that_stalls_costs_its_own_customers_their_deadline_and_no_more(
    cluster: list[redis.Redis],
) -> None:
    url = ",".join(f"127.0.0.1:{port_of(node)}" for node in cluster)
    ours = Cluster(f"redis://{url}", 60.0)
    ping = ("PING",)
    assert ours.read(0, ping, None) == ours.read(16383, ping, None) == b"PONG"
    with stalled(cluster[0]):
        for of in (ours, Cluster(f"redis://{url}", 60.0)):
            for _ in range(3):
                started = time.monotonic()
                with pytest.raises(StoreUnavailable):
                    of.read(0, ping, started + 0.05)
                assert time.monotonic() - started < 30
            assert of.read(16383, ping, time.monotonic() + 30) == b"PONG"
    assert ours.read(0, ping, None) == b"PONG"
