"""Facts about starting the demo: once and again, after somebody changed what serves, twice."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from demo.prepared import Prepared
from demo.start import OF, publish
from engine.cli import main
from engine.models.beta import BetaArtefact
from engine.registry import Registry
from engine.store import Store


@pytest.fixture
def prepared() -> Prepared:
    return Prepared({}, "beta", msgspec.json.encode(BetaArtefact(base_rate=0.1)), "figures")


def test_the_first_start_makes_its_model_the_champion_and_the_next_leaves_it(
    prepared: Prepared, store: Store, tmp_path: Path
) -> None:
    assert publish(prepared, tmp_path, store)
    before = Registry(tmp_path, store).table("propensity")
    assert publish(prepared, tmp_path, store)
    assert Registry(tmp_path, store).table("propensity") == before


def test_a_first_start_that_was_killed_before_its_model_served_comes_right_at_the_next(
    prepared: Prepared, store: Store, tmp_path: Path
) -> None:
    registry = Registry(tmp_path, store)
    version = registry.publish("propensity", prepared.kind, prepared.artefact, OF)
    assert registry.untold("propensity")
    assert publish(prepared, tmp_path, store)
    assert registry.aliases("propensity") == {"champion": version}


def test_who_went_back_from_the_demos_model_is_not_overruled_by_the_next_start(
    prepared: Prepared, store: Store, tmp_path: Path
) -> None:
    publish(prepared, tmp_path, store)
    Registry(tmp_path, store).roll_back("propensity")
    assert not publish(prepared, tmp_path, store)
    assert Registry(tmp_path, store).aliases("propensity") == {}


def test_a_port_that_is_taken_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(main, ["demo", "--data", str(tmp_path / "d"), "--port", port])
    assert done.exit_code == 1
    assert "cannot listen on port" in done.output
    assert not (tmp_path / "d").exists()


def test_where_nothing_can_be_kept_is_said_before_anything_is_made(tmp_path: Path) -> None:
    """A file where the directory belongs stops even root, whom no permission would."""
    (tmp_path / "d").write_text("in the way")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    data = str(tmp_path / "d" / "house")
    done = CliRunner().invoke(main, ["demo", "--data", data, "--port", port])
    assert done.exit_code == 1
    assert f"nothing can be kept in the data directory {data}" in done.output
    assert "getting ready" not in done.output
