"""What happens when the server stalls, hangs up, moves or restarts."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from engine.change import Committed, Known
from engine.errors import AnswerLost, StoreUnavailable
from engine.partitions import new_decision_id, partition_of
from engine.store import Store, open_store
from engine.store.keys import customer_key, log_key, slot_of
from tests.store.builders import change
from tests.store.conftest import HALVES, node_id, port_of, stalled, until


@contextmanager
def relay(target: str, deaf_to: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A wire to a real server that cuts off, unheard, the answer to whatever names `deaf_to`.

    Yields its URL and the requests that were cut off.
    """
    cut: list[bytes] = []
    path = target.removeprefix("unix://")

    def carry(client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(path)
            while request := client.recv(65536):
                server.sendall(request)
                answer = server.recv(65536)
                if deaf_to in request:
                    cut.append(request)
                    return
                client.sendall(answer)

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=carry, args=(client,), daemon=True))
            threads[-1].start()

    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=serve, args=(listener,), daemon=True)
        accepting.start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}", cut
        listener.shutdown(socket.SHUT_RDWR)
    for thread in (accepting, *threads):
        thread.join()


def test_a_write_whose_answer_was_lost_is_sent_once_and_known_when_asked_again(
    server_url: str, tmp_path: Path
) -> None:
    with (
        open_store(server_url, tmp_path) as store,
        relay(server_url, deaf_to=b"the record") as (url, cut),
        open_store(url, tmp_path) as unlucky,
    ):
        loaded = unlucky.load("ana")
        made = change(
            loaded, entry=b"the record", decision_id=new_decision_id("ana", loaded.now, b"12345678")
        )
        store.commit(change(store.load("rui")))  # the server knows the script
        with pytest.raises(AnswerLost):
            unlucky.commit(made)
        assert len(cut) == 1
        assert store.commit(made) == Known([], b"the record")


def test_a_read_is_asked_once_more_when_the_server_hangs_up(
    server_url: str, tmp_path: Path
) -> None:
    with (
        open_store(server_url, tmp_path),
        relay(server_url, deaf_to=b"c:ana") as (url, cut),
        open_store(url, tmp_path) as store,
    ):
        with pytest.raises(StoreUnavailable) as caught:
            store.load("ana")
        assert not isinstance(caught.value, AnswerLost)
        assert len(cut) == 2


def test_connections_that_died_while_idle_cost_a_read_nothing(
    store: Store, server_url: str
) -> None:
    store.load("ana")
    with redis.Redis.from_url(server_url) as client:
        client.client_kill_filter(_type="normal", skipme=True)
    loaded = store.load("ana")
    assert isinstance(store.commit(change(loaded)), Committed)


def test_a_stalled_server_is_given_up_on_in_time(server_url: str, tmp_path: Path) -> None:
    with (
        redis.Redis.from_url(server_url) as client,
        open_store(server_url, tmp_path, timeout=0.2) as store,
    ):
        loaded = store.load("ana")
        with stalled(client):
            with pytest.raises(StoreUnavailable):
                store.load("ana")
            with pytest.raises(AnswerLost):  # the server may find it when it goes on
                store.commit(change(loaded))
        client.ping()  # answered once the stall is over
        assert isinstance(store.commit(change(store.load("ana"))), Committed)


def test_a_deadline_bounds_the_wait_and_one_that_passed_sends_nothing(
    server_url: str, tmp_path: Path
) -> None:
    with redis.Redis.from_url(server_url) as client, open_store(server_url, tmp_path, 60) as store:
        loaded = store.load("ana")
        with stalled(client):
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                store.load("ana", deadline=began + 0.05)
            assert time.monotonic() - began < 30
        with pytest.raises(StoreUnavailable, match="no time was left") as caught:
            store.commit(change(loaded), deadline=time.monotonic() - 1)
        assert not isinstance(caught.value, AnswerLost)
        assert store.load("ana").state.revision == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")  # 3.12, under xdist
def test_a_forked_child_never_talks_over_its_parents_connection(
    store: Store, server_url: str
) -> None:
    store.load("ana")
    with redis.Redis.from_url(server_url) as client:
        before = client.info("stats")["total_connections_received"]
        child = os.fork()
        if child == 0:
            store.load("ana")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        store.load("ana")
        assert client.info("stats")["total_connections_received"] == before + 1


def test_after_a_failover_the_next_call_finds_the_new_server(store: Store, server_url: str) -> None:
    loaded = store.load("ana")
    with redis.Redis.from_url(server_url) as client:
        client.replicaof("127.0.0.1", 1)
        try:
            with pytest.raises(StoreUnavailable, match="refused") as caught:
                store.commit(change(loaded))
        finally:
            client.replicaof("NO", "ONE")
        assert not isinstance(caught.value, AnswerLost)
        before = client.info("stats")["total_connections_received"]
        assert isinstance(store.commit(change(loaded)), Committed)
        assert client.info("stats")["total_connections_received"] == before + 1


def test_a_server_out_of_memory_refuses_a_commit_whole(store: Store, server_url: str) -> None:
    loaded = store.load("ana")
    store.commit(change(store.load("rui")))
    with redis.Redis.from_url(server_url) as client:
        client.config_set("maxmemory", "1mb")
        try:
            with pytest.raises(StoreUnavailable, match="refused") as caught:
                store.commit(change(loaded))
            assert not isinstance(caught.value, AnswerLost)
            assert client.exists(customer_key(partition_of("ana"), "ana")) == 0
            assert store.load("ana").state.revision == 0
            assert "used memory" in store.health().reason
        finally:
            client.config_set("maxmemory", "0")
        held = client.dbsize()
        assert store.health().ready
        assert client.dbsize() == held


def at_home(cluster: list[redis.Redis]) -> tuple[int, redis.Redis, redis.Redis]:
    """Ana's slot, the node that has it, and the one that has not."""
    slot = slot_of(partition_of("ana"))
    home = next(n for n, (first, last) in enumerate(HALVES) if first <= slot <= last)
    return slot, cluster[home], cluster[1 - home]


def test_a_slot_that_moved_to_another_node_is_followed(
    cluster: list[redis.Redis], cluster_url: str, tmp_path: Path
) -> None:
    slot, home, other = at_home(cluster)
    with open_store(cluster_url, tmp_path) as store, ExitStack() as stack:
        store.commit(change(store.load("ana")))
        stack.callback(move, slot, other, home)
        move(slot, home, other)
        loaded = store.load("ana")
        assert isinstance(store.commit(change(loaded)), Committed)
        assert store.load("ana").state.revision == 2
        assert other.xlen(log_key(partition_of("ana"))) == 2


def test_a_slot_on_the_move_is_asked_for_where_it_goes_or_refused_whole(
    cluster: list[redis.Redis], cluster_url: str, tmp_path: Path
) -> None:
    slot, home, other = at_home(cluster)
    with open_store(cluster_url, tmp_path) as store, ExitStack() as stack:
        store.commit(change(store.load("ana")))
        stack.callback(move, slot, other, home)
        stack.callback(settle, slot, home, other)
        begin_move(slot, home, other)
        carry_keys(slot, home, other)
        assert store.health().ready
        with pytest.raises(StoreUnavailable, match="refused"):
            store.load("ana")
        settle(slot, home, other)
        assert store.load("ana").state.revision == 1


def begin_move(slot: int, old: redis.Redis, new: redis.Redis) -> None:
    new.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", node_id(old))
    old.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", node_id(new))


def carry_keys(slot: int, old: redis.Redis, new: redis.Redis) -> None:
    for key in old.execute_command("CLUSTER GETKEYSINSLOT", slot, 1000):
        old.execute_command("MIGRATE", "127.0.0.1", port_of(new), key, 0, 5000)


def settle(slot: int, old: redis.Redis, new: redis.Redis) -> None:
    carry_keys(slot, old, new)
    for node in (new, old):
        node.execute_command("CLUSTER SETSLOT", slot, "NODE", node_id(new))
    # Moved on before both have heard, each might take the other for the slot's home, for good.
    until(lambda: who_has_what(old) == who_has_what(new))


def who_has_what(node: redis.Redis) -> dict[str, tuple[object, object]]:
    """Each server's epoch and slots, as one of them has heard."""
    servers = node.execute_command("CLUSTER NODES").values()
    return {one["node_id"]: (one["epoch"], one["slots"]) for one in servers}


def move(slot: int, old: redis.Redis, new: redis.Redis) -> None:
    """Give a slot with all its keys from one node to another."""
    begin_move(slot, old, new)
    settle(slot, old, new)
