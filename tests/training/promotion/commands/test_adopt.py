"""`teller adopt`, and what is not adopted."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.errors import ModelRefused, NotFound
from engine.registry import Registry
from tests.training.houses import knowing
from tests.training.promotion.commands.house import House


def test_a_model_from_the_training_machine_is_adopted_by_its_digest(
    house: House, tmp_path: Path
) -> None:
    elsewhere = Registry(tmp_path / "training")
    digest = elsewhere.publish("propensity", "logistic", knowing(), {"auc": 0.7})
    with pytest.raises(NotFound):
        house.registry.load("propensity", digest)
    words = ["adopt", "propensity", digest, "--data", str(house.data)]
    done = CliRunner().invoke(main, [*words, "--from", str(tmp_path / "training")])
    assert done.exit_code == 0, done.output
    assert house.registry.load("propensity", digest).version == digest
    assert house.registry.manifest("propensity", digest).metadata == {"auc": 0.7}


def test_what_was_tampered_with_on_the_way_is_not_adopted(house: House, tmp_path: Path) -> None:
    elsewhere = Registry(tmp_path / "training")
    digest = elsewhere.publish("propensity", "logistic", knowing())
    artefact = tmp_path / "training/models/propensity" / digest[7:] / "artefact"
    artefact.write_bytes(artefact.read_bytes().replace(b"0.0", b"0.1", 1))
    with pytest.raises(ModelRefused, match="not what was published"):
        house.registry.adopt("propensity", digest, tmp_path / "training")
    assert house.registry.versions("propensity") == []


@pytest.mark.parametrize("command", ["rollback", "adopt propensity sha256:" + 64 * "0"])
def test_what_is_not_found_is_said_with_where_it_was_looked_for(
    command: str, tmp_path: Path, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a command is run elsewhere than the server was: there it leaves nothing behind."""
    monkeypatch.chdir(tmp_path)
    house, words = {"TELLER_REDIS_URL": server_url}, command.split()
    nowhere = CliRunner().invoke(main, words, env=house)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "teller-data").mkdir()
    missing = CliRunner().invoke(main, words, env=house)
    looked = f"looked in {tmp_path}/teller-data (--data or TELLER_DATA names another)\n"
    assert nowhere.output == f"Error: no models: there is no such directory; {looked}"
    assert missing.output.startswith(
        ("Error: no model 'propensity'; ", "Error: model 'propensity' ")
    )
    assert missing.output.endswith(f"; {looked}")
    assert (nowhere.exit_code, missing.exit_code) == (1, 1)


def test_a_copied_directory_is_refused_until_it_is_adopted(house: House, tmp_path: Path) -> None:
    elsewhere = Registry(tmp_path / "training")
    digest = elsewhere.publish("propensity", "logistic", knowing())
    (house.data / "models").mkdir(parents=True, exist_ok=True)
    (tmp_path / "training/models/propensity").rename(house.data / "models/propensity")
    with pytest.raises(ModelRefused, match="not signed by this house"):
        house.registry.load("propensity", digest)
    done = CliRunner().invoke(main, ["adopt", "propensity", digest, "--data", str(house.data)])
    assert done.exit_code == 0, done.output
    assert house.registry.load("propensity", digest).version == digest
