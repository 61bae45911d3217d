"""`teller serve` as a supervisor sees it: whoever kills it is rid of all of it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from engine.errors import Misconfigured
from engine.serving import refuse_taken
from tests.http.catalogue import CATALOGUE
from tests.store.conftest import PATIENCE, until


def test_workers_end_with_the_process_that_started_them_and_the_next_serve_starts(
    tmp_path: Path,
) -> None:
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "catalogue.yaml").write_text(CATALOGUE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for how in (signal.SIGKILL, signal.SIGTERM):
        with _served(tmp_path, port) as process:
            process.send_signal(how)
            process.wait(PATIENCE)
            until(lambda: _free(port))


@contextmanager
def _served(home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A worker, over a store of their own in `home`, once they are ready."""
    command = [sys.executable, "-m", "engine.cli", "serve", "--port", str(port)]
    house = ["--catalogue", str(home / "catalogue"), "--data", str(home / "data")]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([*command, *house], stdout=log, stderr=log)
    try:
        until(lambda: process.poll() is not None or _ready(port))
        assert process.poll() is None, (home / "log").read_text()
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
