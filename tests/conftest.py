"""One real server for the whole session; every test that asks for it gets an empty one. What
hypothesis draws is the same in every session."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings

from engine.store import Store, open_store
from engine.store.embedded import embedded_server

# The same examples every time, however slow the machine and whatever it met before.
settings.register_profile(
    "same",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same")

ROOM = 3 * 2**30
"""Bytes that a process of the suite may take: machines that test often have 4 GB."""


@pytest.fixture(autouse=True)
def roomy() -> Iterator[None]:
    """Names the test that takes too much: elsewhere the suite would be killed without a word."""
    before = _peak()
    yield
    after = _peak()
    assert not before < ROOM <= after, f"from {before:,} bytes to {after:,}"


def _peak() -> int:
    """The most memory this process ever held, bytes; only macOS tells it in these."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real server that lives as long as the session."""
    with embedded_server(tmp_path_factory.mktemp("server"), wait=180.0) as url:
        yield url


@pytest.fixture
def server_url(running_server: str) -> str:
    """The URL of a real server with nothing in it."""
    with redis.Redis.from_url(running_server) as client:
        client.flushall()
    return running_server


@pytest.fixture
def store(server_url: str, tmp_path: Path) -> Iterator[Store]:
    """A store with nobody in it."""
    with open_store(server_url, tmp_path / "data") as opened:
        yield opened
