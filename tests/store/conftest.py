"""The servers the store's facts must hold on: whichever of them this machine has."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from engine.store import Store, open_store
from engine.store.embedded import find_server

HALVES = ((0, 8191), (8192, 16383))
PATIENCE = 180.0  # seconds, after which it is not slow but stuck


def free_port() -> int:
    """A port free for a node and, 10,000 above, for its talk with the others."""
    while True:
        with socket.socket() as low, socket.socket() as high:
            low.bind(("127.0.0.1", 0))
            port = int(low.getsockname()[1])
            if port < 55_000:
                try:
                    high.bind(("127.0.0.1", port + 10_000))
                except OSError:
                    continue
                return port


@contextmanager
def plain_server(program: Path, home: Path, *options: str) -> Iterator[redis.Redis]:
    """A server on a port of this machine, nothing kept on disk unless `options` say so."""
    port = free_port()
    home.mkdir(parents=True, exist_ok=True)
    command = [str(program), "--port", str(port), "--dir", str(home), "--save", "", *options]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    with process, redis.Redis(port=port) as client:
        try:
            until(lambda: answers(client))
            yield client
        finally:
            process.kill()


@contextmanager
def stalled(server: redis.Redis) -> Iterator[None]:
    """Meanwhile the server takes connections and answers nothing."""
    process = int(server.info("server")["process_id"])
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def until(ready: Callable[[], bool]) -> None:
    """Wait for a server to get there."""
    deadline = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < deadline, "the server never got there"


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[redis.Redis]]:
    """Two nodes of a cluster, half of the slots each."""
    home = tmp_path_factory.mktemp("cluster")
    with ExitStack() as stack:
        nodes = [
            stack.enter_context(
                plain_server(find_server(), home / str(number), "--cluster-enabled", "yes")
            )
            for number in range(2)
        ]
        for node, (first, last) in zip(nodes, HALVES, strict=True):
            node.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
        nodes[0].execute_command("CLUSTER MEET", "127.0.0.1", port_of(nodes[1]))
        until(lambda: all(map(whole, nodes)))
        yield nodes


def port_of(client: redis.Redis) -> int:
    return int(client.connection_pool.connection_kwargs["port"])


def node_id(node: redis.Redis) -> str:
    answer = node.execute_command("CLUSTER MYID")
    return answer.decode() if isinstance(answer, bytes) else str(answer)


def whole(node: redis.Redis) -> bool:
    """Whether a node knows a server for every slot."""
    info: dict[str, str] = node.execute_command("CLUSTER INFO")
    return info["cluster_state"] == "ok"


@pytest.fixture
def cluster_url(cluster: list[redis.Redis]) -> str:
    """The URL of a cluster with nothing in it."""
    for node in cluster:
        node.flushall()
    return f"redis://127.0.0.1:{port_of(cluster[0])}/0?cluster=true"


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    """The machine's own redis-server, where it has one."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server on the PATH")
    with plain_server(Path(program), tmp_path_factory.mktemp("redis")) as client:
        yield client


@pytest.fixture(params=["embedded", "cluster", "redis-server"])
def any_url(request: pytest.FixtureRequest) -> str:
    """The URL of each kind of server in turn, with nothing in it."""
    if request.param == "embedded":
        return str(request.getfixturevalue("server_url"))
    if request.param == "cluster":
        return str(request.getfixturevalue("cluster_url"))
    client = request.getfixturevalue("redis_server")
    client.flushall()
    return f"redis://127.0.0.1:{port_of(client)}/0"


@pytest.fixture
def any_store(any_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store with nobody in it, on each kind of server in turn."""
    with open_store(any_url, tmp_path / "data") as opened:
        yield opened
