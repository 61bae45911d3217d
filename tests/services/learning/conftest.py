"""A house that decides, is answered and learns."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.store import Store
from tests.services.learning.school import School


@pytest.fixture
def school(store: Store, tmp_path: Path) -> School:
    return School(store, tmp_path, tmp_path / "data")
