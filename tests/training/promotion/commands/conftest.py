"""A house in which models are promoted, rolled back and adopted."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.registry import Registry
from engine.store import Store
from tests.training.houses import World, write_catalogue
from tests.training.promotion.commands.house import House


@pytest.fixture
def house(store: Store, server_url: str, tmp_path: Path, weeks_later: None) -> House:
    catalogue = write_catalogue(tmp_path / "catalogue")
    world, data = World(store, catalogue), tmp_path / "data"
    return House(data, catalogue, server_url, world, Registry(data, store))
