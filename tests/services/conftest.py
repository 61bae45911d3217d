"""Processes of one house over one store."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bootstrap import Application, assemble
from engine.settings import Settings
from engine.store import Store
from tests.http.catalogue import written


@pytest.fixture
def house(tmp_path: Path) -> Path:
    written(tmp_path)
    return tmp_path


def worker(house: Path, store: Store, limit: int = 3) -> Application:
    """One more process over the same store: it has met nobody yet."""
    settings = Settings(house / "catalogue", house / "data", identity_limit=limit)
    return assemble(settings, store)


@pytest.fixture
def one(house: Path, store: Store) -> Application:
    return worker(house, store)


@pytest.fixture
def two(house: Path, store: Store) -> Application:
    return worker(house, store)
