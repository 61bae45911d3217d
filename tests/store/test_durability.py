"""What an acknowledged change survives, on a primary and a replica of our own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import redis

from engine.change import Change, Committed, Durability
from engine.codec import pack_attributes, pack_consent
from engine.domain import Consent
from engine.errors import Misconfigured, NotReplicated
from engine.store import Store, open_store
from engine.store.embedded import find_server
from tests.store.builders import change
from tests.store.conftest import plain_server, port_of, until
from tests.store.merging import merging

NO = {"consent": pack_consent({"marketing": Consent("denied", 1, "test")})}


class Pair(NamedTuple):
    """A primary and its replica, and a store over them in the strictest tier."""

    primary: redis.Redis
    replica: redis.Redis
    store: Store

    def cut(self) -> None:
        """The replica hears nothing any more."""
        self.replica.execute_command("REPLICAOF", "NO", "ONE")


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    server = find_server()
    with (
        plain_server(server, tmp_path / "primary", "--repl-diskless-sync-delay", "0") as primary,
        plain_server(server, tmp_path / "replica") as replica,
    ):
        replica.execute_command("REPLICAOF", "127.0.0.1", port_of(primary))
        until(lambda: replica.info("replication")["master_link_status"] == "up")
        url = f"redis://127.0.0.1:{port_of(primary)}/0"
        with open_store(url, tmp_path / "data", durability="replicated") as store:
            yield Pair(primary, replica, store)


def opt_out(store: Store) -> Change:
    return change(store.load("ana"), sections=NO)


def test_an_opt_out_is_acknowledged_once_a_replica_has_it(pair: Pair, tmp_path: Path) -> None:
    assert isinstance(pair.store.commit(opt_out(pair.store)), Committed)
    pair.primary.execute_command("FAILOVER", "TO", "127.0.0.1", port_of(pair.replica))
    until(lambda: pair.replica.info("replication")["role"] == "master")
    url = f"redis://127.0.0.1:{port_of(pair.replica)}/0"
    with open_store(url, tmp_path / "data") as survivor:
        assert survivor.load("ana").state.consent["marketing"].status == "denied"


def test_without_a_replica_an_opt_out_is_not_acknowledged_and_holds_here_all_the_same(
    pair: Pair,
) -> None:
    pair.cut()
    until(lambda: pair.primary.info("replication")["connected_slaves"] == 0)
    with pytest.raises(NotReplicated, match="send it again"):
        pair.store.commit(opt_out(pair.store))
    assert pair.store.load("ana").state.consent["marketing"].status == "denied"
    with pytest.raises(NotReplicated):
        pair.store.assure("ana")


def test_other_changes_do_not_wait(pair: Pair) -> None:
    pair.cut()
    until(lambda: pair.primary.info("replication")["connected_slaves"] == 0)
    plan = {"attributes": pack_attributes({"plan": "plus"})}
    assert isinstance(pair.store.commit(change(pair.store.load("ana"), sections=plan)), Committed)


def test_who_was_merged_is_deleted_only_once_a_replica_has_what_they_were_folded_into(
    pair: Pair,
) -> None:
    """The two may live on different servers: a failover of one must not undo half a merge."""
    store = pair.store
    merges = merging(store)
    for customer in ("ana", "rui"):
        store.commit(change(store.load(customer)))
    pair.cut()
    until(lambda: pair.primary.info("replication")["connected_slaves"] == 0)
    with pytest.raises(NotReplicated):
        merges.merge(store.load("ana").state, store.load("rui").state)
    left = store.load("rui")
    assert (left.redirect, left.fence, left.state.attributes) == (None, "ana", {"plan": "basic"})
    pair.replica.execute_command("REPLICAOF", "127.0.0.1", port_of(pair.primary))
    until(lambda: pair.replica.info("replication")["master_link_status"] == "up")
    assert merges.sweep() == 1
    assert store.load("rui").redirect == "ana"
    assert store.load("ana").state.merged == ("rui",)


def test_a_missing_replica_is_warned_of_at_the_start(server_url: str, tmp_path: Path) -> None:
    with open_store(server_url, tmp_path, durability="replicated") as store:
        assert any("no replica" in warning for warning in store.warnings)


def test_a_server_that_gives_less_than_asked_for_is_refused(
    server_url: str, tmp_path: Path
) -> None:
    with (
        pytest.raises(Misconfigured, match="appendfsync always"),
        open_store(server_url, tmp_path, durability="always"),
    ):
        pass


def test_memory_asks_for_nothing_and_warns_of_nothing(tmp_path: Path) -> None:
    with (
        plain_server(find_server(), tmp_path / "home", "--stream-node-max-entries", "1") as server,
        open_store(
            f"redis://127.0.0.1:{port_of(server)}/0", tmp_path / "data", durability="memory"
        ) as store,
    ):
        assert store.warnings == ()


def test_a_server_that_does_not_forget_what_is_deleted_is_warned_of(tmp_path: Path) -> None:
    with (
        plain_server(find_server(), tmp_path / "home", "--appendonly", "yes") as server,
        open_store(f"redis://127.0.0.1:{port_of(server)}/0", tmp_path / "data") as store,
    ):
        assert any("stream-node-max-entries 1" in warning for warning in store.warnings)


@pytest.mark.parametrize(
    ("tier", "appendonly", "appendfsync"),
    [("memory", "no", "everysec"), ("everysec", "yes", "everysec"), ("always", "yes", "always")],
)
def test_the_embedded_server_gives_what_is_asked_for(
    tmp_path: Path, tier: Durability, appendonly: str, appendfsync: str
) -> None:
    with open_store(None, tmp_path, durability=tier):
        address = tmp_path / "redis" / "redis.sock"
        with redis.Redis(unix_socket_path=str(address)) as client:
            found = {**client.config_get("append*")}
    assert (found["appendonly"], found["appendfsync"]) == (appendonly, appendfsync)


def test_the_embedded_server_has_no_replica_to_wait_for(tmp_path: Path) -> None:
    with (
        pytest.raises(Misconfigured, match="TELLER_REDIS_URL"),
        open_store(None, tmp_path, durability="replicated"),
    ):
        pass
