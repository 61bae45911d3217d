from __future__ import annotations

from pathlib import Path

import pytest
import redis

from engine.errors import Misconfigured, StoreUnavailable
from engine.store import open_store
from engine.store.embedded import find_server
from tests.store.conftest import plain_server, port_of


def test_a_server_that_evicts_is_refused(server_url: str, tmp_path: Path) -> None:
    with redis.Redis.from_url(server_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with pytest.raises(Misconfigured, match="noeviction"), open_store(server_url, tmp_path):
                pass
        finally:
            client.config_set("maxmemory-policy", "noeviction")


def test_a_server_that_keeps_nothing_is_warned_about_loudly(tmp_path: Path) -> None:
    with plain_server(
        find_server(), tmp_path / "server", "--stream-node-max-entries", "1"
    ) as client:
        url = f"redis://127.0.0.1:{port_of(client)}"
        with open_store(url, tmp_path / "data") as opened:
            assert "appendonly yes" in opened.warnings[0]
        client.config_set("save", "60 1")
        with open_store(url, tmp_path / "data") as opened:
            assert opened.warnings == ()


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "localhost:6379",
        "redis://localhost:6379/0?cluster=maybe",
        "redis://a:6379,b:x/0?cluster=true",
        "redis://a:6379,/0?cluster=true",
        "redis://,a:6379/0?cluster=true",
        "redis://a:6379, b:6379/0?cluster=true",
        "redis://a:6379,redis://b:6379/0?cluster=true",
        "redis://[::1:6379,b:6379/0?cluster=true",
        "redis://a:6379,b:6379/0",
    ],
)
def test_what_is_no_redis_url_is_refused_by_name(url: str, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="TELLER_REDIS_URL"), open_store(url, tmp_path):
        pass


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "redis://127.0.0.1:1?cluster=true"])
def test_a_server_that_is_not_there_is_unavailable(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be reached"), open_store(url, tmp_path):
        pass


def test_wrong_credentials_say_what_to_check(tmp_path: Path) -> None:
    with plain_server(find_server(), tmp_path / "server") as client:
        client.config_set("requirepass", "secret")
        url = f"127.0.0.1:{port_of(client)}"
        with open_store(f"redis://:secret@{url}", tmp_path / "data") as opened:
            assert opened.load("ana").state.revision == 0
        with (
            pytest.raises(Misconfigured, match="TELLER_REDIS_URL"),
            open_store(f"redis://:wrong@{url}", tmp_path / "data"),
        ):
            pass


def test_wrong_credentials_of_a_cluster_say_what_to_check(tmp_path: Path) -> None:
    with plain_server(find_server(), tmp_path / "server", "--cluster-enabled", "yes") as client:
        client.config_set("requirepass", "secret")
        url = f"redis://:wrong@127.0.0.1:{port_of(client)}?cluster=true"
        with (
            pytest.raises(Misconfigured, match="TELLER_REDIS_URL"),
            open_store(url, tmp_path / "data"),
        ):
            pass


def test_a_login_refused_once_we_run_is_an_outage_that_ends(tmp_path: Path) -> None:
    with plain_server(find_server(), tmp_path / "server") as client:
        url = f"redis://:secret@127.0.0.1:{port_of(client)}"
        client.config_set("requirepass", "secret")
        with open_store(url, tmp_path / "data") as opened:
            client.config_set("requirepass", "another")
            client.client_kill_filter(_type="normal", skipme=True)
            with pytest.raises(StoreUnavailable, match="TELLER_REDIS_URL"):
                opened.load("ana")
            assert not opened.health().ready
            client.config_set("requirepass", "secret")
            assert opened.load("ana").state.revision == 0
