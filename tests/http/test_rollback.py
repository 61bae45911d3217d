"""Going back to the model before: one command, every worker, within seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.models.beta import BetaArtefact
from engine.registry import Registry
from engine.store import open_store
from tests.http.house import MOST, House, served


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with served(tmp_path) as house:
        yield house


def test_a_rollback_reaches_all_workers_within_seconds_and_every_decision_still_replays(
    house: House,
) -> None:
    good, bad = (
        Registry(house.data).publish("propensity", "beta", msgspec.json.encode(BetaArtefact(rate)))
        for rate in (0.1, 0.9)
    )
    change = {"attributes": {"plan": "basic"}, "consent": {"marketing": "granted"}}
    house.call("/v1/customers/c-1", change, "PATCH")
    for version in (good, bad):
        _promoted(house, version)
        house.until_all_serve(version)
    mistaken = house.decide("c-1")["decision_id"]

    asked = time.monotonic()
    done = CliRunner().invoke(main, ["rollback", "--data", str(house.data)])
    assert done.exit_code == 0, done.output
    took = house.until_all_serve(good) - asked
    assert took < MOST, f"{took:.2f} s"
    (model,) = house.call("/v1/models")["models"]
    assert (model["serving"], model["previous"]) == (good, [])
    for decision in (mistaken, house.decide("c-1")["decision_id"]):
        assert house.call(f"/v1/decisions/{decision}/replay", method="POST")["identical"]


def _promoted(house: House, version: str) -> None:
    """As `teller promote` does once the gate is passed."""
    with open_store(None, house.data) as store:
        Registry(house.data, store).promote("propensity", version)
