"""Keeping the logs: one process at a time, whatever fails, and the store never fills up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Event

import pytest

from engine.archive.opening import Keeping
from engine.errors import ArchiveUnusable
from engine.services.keeper import Keeper
from engine.store import Store
from tests.archive.builders import DAY, KNOWN, House, keep_all
from tests.http.catalogue import written


class Watch:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.rows = 0
        self.poison = 0
        self.unread = 0

    def archived(self, rows: Mapping[str, int], poison: int, behind: float) -> None:
        assert behind >= 0
        self.rows += sum(rows.values())
        self.poison += poison

    def trimmed(self, gone: int, unread: int) -> None:
        assert gone >= unread
        self.unread += unread


@pytest.fixture
def catalogue_directory(tmp_path: Path) -> Path:
    return written(tmp_path)


@pytest.fixture
def house(store: Store, server_url: str, tmp_path: Path) -> House:
    return House(store, server_url, tmp_path / "data")


def keeper(house: House, archive: object, watch: Watch, longest: int = 30 * DAY) -> Keeper:
    def opened() -> object:
        return archive

    return Keeper(house.store.log, opened, watch, lambda: 0, longest, lambda: None)  # type: ignore[arg-type]


def test_one_process_keeps_the_logs_and_the_next_takes_over(house: House) -> None:
    watch = Watch()
    house.tell("ana", "a", "b")
    first, second = (keeper(house, house.keeping(), watch) for _ in range(2))
    assert first._turn() is True
    assert second._turn() is False
    assert second.catch_up() is False
    first._give_back()
    house.tell("ana", "c")
    assert second.catch_up() is True
    assert watch.rows == 3
    assert set(house.ids().values()) == {1}


class Full(Keeping):
    """An archive on a disk that is full."""

    def round(self) -> object:  # type: ignore[override]
        raise ArchiveUnusable("no space left on device")


def test_where_the_archive_cannot_be_written_the_store_does_not_fill_up(house: House) -> None:
    full = Full(house.store.log, house.data, "", lambda: KNOWN, house.key)
    watch = Watch()
    house.tell("ana", *map(str, range(250)))
    idle = keeper(house, full, watch, longest=-DAY)
    assert idle._unharmed() is False
    assert watch.unread > 100
    assert len(house.log_of("ana")) < 150


def test_it_goes_on_until_it_is_told_to_stop(house: House) -> None:
    stopped = Event()

    class Last(Watch):
        def archived(self, rows: Mapping[str, int], poison: int, behind: float) -> None:
            super().archived(rows, poison, behind)
            if not rows:
                stopped.set()

    watch = Last()
    house.tell("ana", "a")
    keeper(house, house.keeping(), watch).follow(stopped)
    assert watch.rows == 1
    assert house.store.log.hold("archive", "another", 1000)


def test_what_is_not_in_the_archive_is_kept_from_the_first_turn_on(house: House) -> None:
    house.tell("ana", *map(str, range(250)))
    archive = house.keeping()
    archive.register()
    assert house.store.log.trim(house.store.load("ana").now + DAY, 0).gone == 0
    keep_all(archive)
    assert house.store.log.trim(house.store.load("ana").now + DAY, 0).gone > 100


WITHOUT = """
import sys
sys.modules["pyarrow"] = None
from engine.bootstrap import open_application
from engine.settings import Settings
from pathlib import Path
with open_application(Settings(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])) as application:
    assert application.keeper.catch_up()
    assert application.keeper.catch_up()
    from engine.wire.customers import read_patch
    from engine.wire.timeline import read_page
    application.customers.change("ana", read_patch(b'{"consent": {"marketing": "granted"}}'))
    (change,) = application.timeline.page("ana", read_page({})).changes
    assert change.what == "consent"
"""


def test_without_the_extra_it_says_so_once_and_goes_on(
    catalogue_directory: Path, server_url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", WITHOUT, str(catalogue_directory), str(tmp_path), server_url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count("teller[archive]") == 1
    assert json.dumps("ana") not in done.stdout + done.stderr
