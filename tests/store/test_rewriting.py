"""The servers' append-only files, written anew wherever there is one."""

from __future__ import annotations

from pathlib import Path

from engine.store import Store, open_store
from engine.store.embedded import find_server
from tests.store.conftest import plain_server, port_of, until


def test_every_kind_of_server_is_asked_and_what_for_is_remembered(any_store: Store) -> None:
    assert any_store.rewriting.done_for() == ""
    until(lambda: any_store.rewriting.begin("after two"))  # one may be at it still
    assert any_store.rewriting.done_for() == "after two"


def test_only_a_server_that_keeps_such_a_file_writes_one(tmp_path: Path) -> None:
    for kept in ("yes", "no"):
        home = tmp_path / kept
        with plain_server(find_server(), home, "--appendonly", kept) as server:
            url = f"redis://127.0.0.1:{port_of(server)}/0"
            with open_store(url, tmp_path / "data" / kept) as store:
                assert store.rewriting.begin("one")
            until(lambda: not server.info("persistence")["aof_rewrite_in_progress"])
            assert (home / "appendonlydir" / "appendonly.aof.2.base.rdb").exists() == (
                kept == "yes"
            )
