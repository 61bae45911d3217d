from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis

from engine.change import Committed
from engine.errors import Misconfigured, StateUnknown
from engine.partitions import PARTITIONS, new_decision_id, partition_of
from engine.store import Store, accept_epoch, open_store
from engine.store.keys import epoch_key
from tests.processes import all_at_once
from tests.store.builders import change


def twin(data: Path) -> str:
    return str(json.loads((data / "epoch.json").read_text())["epoch"])


def epochs(url: str) -> set[bytes | None]:
    with redis.Redis.from_url(url) as client:
        return {client.get(epoch_key(partition)) for partition in range(PARTITIONS)}


def test_the_first_start_marks_every_partition_and_keeps_the_twin(
    server_url: str, tmp_path: Path
) -> None:
    with open_store(server_url, tmp_path):
        assert epochs(server_url) == {twin(tmp_path).encode()}


def test_the_data_directory_is_its_owner_s_only(server_url: str, tmp_path: Path) -> None:
    with open_store(server_url, tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_second_machine_adopts_the_epoch_it_finds(server_url: str, tmp_path: Path) -> None:
    with open_store(server_url, tmp_path / "a"), open_store(server_url, tmp_path / "b") as second:
        assert twin(tmp_path / "a") == twin(tmp_path / "b")
        assert second.health().ready


def test_an_emptied_store_is_noticed_by_the_very_next_request(
    store: Store, server_url: str
) -> None:
    loaded = store.load("ana")
    with redis.Redis.from_url(server_url) as client:
        client.flushall()
    with pytest.raises(StateUnknown, match="teller accept-store"):
        store.load("ana")
    with pytest.raises(StateUnknown):
        store.commit(change(loaded))
    with pytest.raises(StateUnknown):
        store.find_decision(new_decision_id("ana", loaded.now, b"12345678"))
    assert not store.health().ready
    with redis.Redis.from_url(server_url) as client:
        assert client.dbsize() == 0


def test_an_emptied_store_stays_unknown_after_our_own_restart(
    server_url: str, tmp_path: Path
) -> None:
    with open_store(server_url, tmp_path):
        pass
    with redis.Redis.from_url(server_url) as client:
        client.flushall()
    with open_store(server_url, tmp_path) as again, pytest.raises(StateUnknown):
        again.load("ana")


def test_one_lost_partition_is_unknown_and_the_others_serve_on(
    store: Store, server_url: str
) -> None:
    with redis.Redis.from_url(server_url) as client:
        client.delete(epoch_key(partition_of("ana")))
    with pytest.raises(StateUnknown):
        store.load("ana")
    assert store.load("rui").state.revision == 0
    assert not store.health().ready


def test_once_an_operator_accepts_a_running_store_goes_on(server_url: str, tmp_path: Path) -> None:
    with open_store(server_url, tmp_path) as running:
        with redis.Redis.from_url(server_url) as client:
            client.flushall()
        assert accept_epoch(server_url, tmp_path) == PARTITIONS
        assert running.load("ana").state.revision == 0
        assert running.health().ready


def test_another_store_than_the_one_we_knew_is_accepted_as_it_is(
    server_url: str, tmp_path: Path
) -> None:
    with open_store(server_url, tmp_path / "other"):
        pass
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "epoch.json").write_text('{"epoch": "of another store"}')
    with (
        open_store(server_url, tmp_path / "ours") as ours,
        open_store(server_url, tmp_path / "ours") as beside,
    ):
        with pytest.raises(StateUnknown):
            ours.load("ana")
        accept_epoch(server_url, tmp_path / "ours")
        loaded = ours.load("ana")
        assert isinstance(beside.commit(change(loaded)), Committed)
    assert epochs(server_url) == {twin(tmp_path / "other").encode()}


def test_a_damaged_twin_says_so(server_url: str, tmp_path: Path) -> None:
    (tmp_path / "epoch.json").write_text("{")
    with pytest.raises(Misconfigured, match=r"epoch\.json"), open_store(server_url, tmp_path):
        pass


def test_a_twin_damaged_while_we_run_makes_what_changed_unknown(
    server_url: str, tmp_path: Path
) -> None:
    with open_store(server_url, tmp_path) as store:
        (tmp_path / "epoch.json").write_text("{")
        assert store.load("ana").state.revision == 0
        with redis.Redis.from_url(server_url) as client:
            client.set(epoch_key(partition_of("ana")), "another")
        with pytest.raises(StateUnknown, match=r"epoch\.json"):
            store.load("ana")


def start(url: str, data: Path) -> str:
    with open_store(url, data):
        return twin(data)


def test_machines_that_start_at_once_agree_on_one_epoch(server_url: str, tmp_path: Path) -> None:
    made = all_at_once(start, [(server_url, tmp_path / str(n)) for n in range(4)])
    assert {epoch.encode() for epoch in made} == epochs(server_url)
