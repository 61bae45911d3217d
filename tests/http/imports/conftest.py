"""A desk that imports into the house of the other HTTP tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.http.conftest import Client
from tests.http.imports.desk import Desk


@pytest.fixture
def desk(client: Client, tmp_path: Path) -> Desk:
    return Desk(client, tmp_path)
