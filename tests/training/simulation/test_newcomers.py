"""A new offer in a house whose answers come late."""

from __future__ import annotations

import pytest

from training.simulation import newcomers
from training.simulation.newcomers import LATE, found


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newcomers, "BEFORE", 60)
    monkeypatch.setattr(newcomers, "AFTER", 60)


def test_where_answers_come_at_once_waiting_for_them_changes_nothing() -> None:
    waiting = found(LATE["0"], None, 0.6, 0)
    assert waiting == found(LATE["0"], 0, 0.6, 0)
    assert waiting.before > 0.0


def test_where_they_come_late_it_does_and_a_seed_is_one_play() -> None:
    waiting = found(LATE["up to 30"], None, 0.6, 0)
    assert waiting == found(LATE["up to 30"], None, 0.6, 0)
    assert waiting != found(LATE["up to 30"], 0, 0.6, 0)


def test_a_new_offer_that_nearly_all_take_is_found() -> None:
    assert found(LATE["0"], None, 0.99, 0).visits is not None
