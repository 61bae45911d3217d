"""A house whose models are judged."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.builders import NOW
from tests.training.promotion.builders import House

DAY = 86_400_000


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def weeks_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command's clock is long enough after `NOW` for every window to be closed, and not for the
    evidence to be old. It stands: decisions' ids hold their time and chance is drawn by them, so
    that a world of today would be another one tomorrow."""
    monkeypatch.setattr(time, "time_ns", lambda: (NOW + 20 * DAY) * 1_000_000)
