"""Versions that do not load: the house goes on without them, or says why it does not open."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.bootstrap import Application, assemble
from engine.errors import ModelRefused
from engine.registry import Registry
from engine.settings import Settings
from engine.store import Store
from tests.services.routing.versions import a_rate, decide


def test_a_challenger_that_does_not_load_is_left_out_and_stops_no_rollback(
    house: Application, registry: Registry, tmp_path: Path
) -> None:
    bad = a_rate(registry, 0.4)
    registry.promote("propensity", bad, "challenger", 1.0)
    registry.promote("propensity", bad, "shadow")
    (tmp_path / "data/models/propensity" / bad[7:] / "artefact").write_bytes(b"{}")
    with capture_logs() as said:
        house.served.look()
    assert [line["event"] for line in said[:2]] == ["challenger left out", "shadow left out"]
    assert decide(house, "c-1").versions.models["propensity"] == registry.resolve("propensity")
    registry.roll_back("propensity")
    house.served.look()
    assert decide(house, "c-1").versions.models == {"propensity": "untrained"}


def test_a_lost_snapshot_of_the_learner_keeps_no_house_closed(
    house: Application, store: Store, tmp_path: Path
) -> None:
    data, registry = tmp_path / "data", Registry(tmp_path / "data", store)
    lost = a_rate(registry, 0.2)
    registry.promote("propensity", lost, "learned")
    (data / "models/propensity" / lost[7:] / "artefact").write_bytes(b"{}")
    with capture_logs() as said:
        opened = assemble(Settings(tmp_path / "catalogue", data), store)
        opened.served.look()
    assert [line["event"] for line in said] == ["the learner's latest left out"]
    assert decide(opened, "c-1").versions.models == {"propensity": "untrained"}
    registry.promote("propensity", newer := a_rate(registry, 0.3), "learned")
    opened.served.look()
    assert decide(opened, "c-2").versions.models == {"propensity": newer}


def test_a_house_whose_promoted_champion_is_damaged_does_not_open(
    registry: Registry, store: Store, tmp_path: Path
) -> None:
    champion = registry.resolve("propensity")
    path = tmp_path / "data/models/propensity" / champion[7:] / "artefact"
    path.write_bytes(b"{}")
    with pytest.raises(ModelRefused, match="not what was published"):
        assemble(Settings(tmp_path / "catalogue", tmp_path / "data"), store)
