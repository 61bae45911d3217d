"""`teller serve` as a supervisor sees it: whoever kills it is rid of all of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from demo.telling import STARTED
from engine.errors import Misconfigured
from engine.serving import end_with_parent, refuse_taken
from tests.http.catalogue import written
from tests.processes import SPAWN
from tests.store.conftest import PATIENCE, free_port, until


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory with a catalogue in it."""
    written(tmp_path)
    return tmp_path


def test_it_answers_soon_after_it_says_what_the_demo_has_people_wait_for(home: Path) -> None:
    port = free_port()
    with _started(home, port):
        until(lambda: _ready(port))  # the worker says so just before it takes connections


def test_workers_end_with_the_process_that_started_them_and_the_next_serve_starts(
    home: Path,
) -> None:
    port = free_port()
    for how in (signal.SIGKILL, signal.SIGTERM):
        with _started(home, port) as process:
            process.send_signal(how)
            process.wait(PATIENCE)
            until(lambda: _free(port))


def test_a_process_that_helps_ends_with_the_one_it_helps_however_that_dies() -> None:
    ended, helping = SPAWN.Pipe(duplex=False)
    helped = SPAWN.Process(target=_helped, args=(helping,))
    helped.start()
    helping.close()
    assert ended.recv() == "helping"
    helped.kill()
    assert ended.poll(PATIENCE)
    with pytest.raises(EOFError):  # nobody holds the other end any more
        ended.recv()


def _helped(helping: Connection) -> None:
    helper = SPAWN.Process(target=_help, args=(helping,))
    helper.start()
    helping.close()
    helper.join()


def _help(helping: Connection) -> None:
    end_with_parent()
    helping.send("helping")
    Event().wait(2 * PATIENCE)


@contextmanager
def _started(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker, over a store of their own in `home`, once they have said that they started."""
    command = [sys.executable, "-m", "engine.cli", "serve", "--port", str(port)]
    house = ["--catalogue", str(home / "catalogue"), "--data", str(home / "data")]
    said = home / "log"
    with said.open("wb") as log:
        process = subprocess.Popen([*command, *house], stdout=log, stderr=log)
    try:
        until(lambda: process.poll() is not None or STARTED in said.read_text())
        assert process.poll() is None, said.read_text()
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _ready(port: int) -> bool:
    try:
        urlopen(f"http://127.0.0.1:{port}/readyz").close()
    except URLError:
        return False
    return True


def _free(port: int) -> bool:
    """Whether no worker listens any more."""
    try:
        refuse_taken("127.0.0.1", port)
    except Misconfigured:
        return False
    return True
