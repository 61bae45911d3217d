"""A house trains from its own archive."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.codec import pack_attributes
from engine.models.logistic import LogisticModel
from engine.registry import Registry
from engine.store import Store
from tests.archive.builders import DAY, House, keep_all
from tests.builders import files
from tests.training.test_experience import answer, made, now

HOUR = DAY // 24


@pytest.fixture
def house(store: Store, server_url: str, tmp_path: Path) -> House:
    return House(store, server_url, tmp_path / "data")


def lived(house: House, decisions: int = 160) -> None:
    """Offers three weeks ago and on, an hour apart; whoever is on plus accepts, mostly."""
    start = now(house) - 21 * DAY
    for number in range(decisions):
        plan, keen = ("plus", 8) if number % 2 else ("basic", 2)
        at = start + number * HOUR
        entry = made(house, f"c-{number}", at, state=state(plan))
        if (number // 2) % 10 < keen:
            answer(house, entry, "accept", 1.0, at + HOUR)
    keep_all(house.keeping())


def state(plan: str) -> dict[str, bytes]:
    return {"attributes": pack_attributes({"plan": plan})}


def test_a_house_trains_from_its_own_archive(house: House, tmp_path: Path) -> None:
    lived(house)
    directory = tmp_path / "catalogue"
    directory.mkdir()
    for name, content in files().items():
        (directory / name).write_bytes(content)
    options = ["--catalogue", str(directory), "--data", str(house.data), "--resamples", "20"]
    said = CliRunner().invoke(main, ["train", *options])
    assert said.exit_code == 0, said.output
    registry = Registry(house.data)
    (digest,) = registry.versions("propensity")
    model = registry.load("propensity", digest)
    assert isinstance(model, LogisticModel)
    assert [one.source for one in model.artefact.features] == ["customer.plan"]
    empty = CliRunner().invoke(main, ["train", *options, "--until", "2020-01-01"])
    assert empty.exit_code == 1
    assert "holds no decision of those dates" in empty.output
