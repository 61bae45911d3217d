"""An archive over a real store, and customers whose history goes into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.archive.opening import Keeping
from engine.store import Store
from tests.archive.builders import House


@pytest.fixture
def house(store: Store, server_url: str, tmp_path: Path) -> House:
    return House(store, server_url, tmp_path / "data")


@pytest.fixture
def keeping(house: House) -> Keeping:
    return house.keeping()
