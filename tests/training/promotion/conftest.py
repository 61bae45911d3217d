"""A house whose models are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.promotion.builders import House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)
