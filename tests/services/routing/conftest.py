"""A house and its models."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bootstrap import Application, assemble
from engine.registry import Registry
from engine.settings import Settings
from engine.store import Store
from tests.http.catalogue import written
from tests.services.routing.versions import a_rate


@pytest.fixture
def house(store: Store, tmp_path: Path) -> Application:
    return assemble(Settings(written(tmp_path), tmp_path / "data"), store)


@pytest.fixture
def registry(house: Application, store: Store, tmp_path: Path) -> Registry:
    """The house's models, with a champion."""
    registry = Registry(tmp_path / "data", store)
    registry.promote("propensity", a_rate(registry, 0.1))
    house.served.look()
    return registry
