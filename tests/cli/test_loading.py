"""What a command and a worker load, and which machine code they run."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from engine.cli.house import code_kept
from engine.models.kinds import KINDS
from tests.cli.conftest import run


def test_the_module_is_the_command_too() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "engine.cli", "--help"], capture_output=True, check=True, text=True
    )
    assert "accept-store" in said.stdout


@pytest.mark.parametrize(
    ("said", "without"),
    [
        (["--help"], {"numba", "numpy", "pandas", "redis", "jinja2", "sklearn"}),
        (["promote", "--help"], {"numba", "pandas", "redis", "sklearn"}),
        (["check", "CATALOGUE"], {"numba", "pandas", "redis", "sklearn"}),
        (["events", "quarantined", "--catalogue", "CATALOGUE"], {"numba", "pandas", "sklearn"}),
        (["models", "--data", "CATALOGUE"], {"numba", "pandas", "sklearn"}),
    ],
    ids=["help", "promote", "check", "events", "models"],
)
def test_a_command_loads_no_more_than_it_needs(
    catalogue: Path, tmp_path: Path, said: list[str], without: set[str]
) -> None:
    arguments = [str(catalogue) if one == "CATALOGUE" else one for one in said]
    asked = (
        "import sys\nfrom engine.cli import main\n"
        f"try: main({arguments!r})\nfinally: print(*sys.modules)"
    )
    loaded = run(asked, TELLER_DATA=str(tmp_path / "data")).stdout.split()
    assert without & set(loaded) == set()
    assert "click" in loaded


def test_a_worker_loads_every_kind_of_model_before_it_answers(
    catalogue: Path, tmp_path: Path
) -> None:
    """Or the first decision by a model that is promoted later would wait for it."""
    ran = run(
        "import sys, api\napi.from_environment()\nprint(*sys.modules)",
        TELLER_CATALOGUE=str(catalogue),
        TELLER_DATA=str(tmp_path / "data"),
    )
    kinds = {place.partition(":")[0] for place in KINDS.values()}
    assert kinds <= set(ran.stdout.split())


@pytest.mark.parametrize("joined", entry_points(group="teller.commands"), ids=lambda one: one.name)
def test_a_command_that_joins_can_be_loaded_by_itself(joined: EntryPoint) -> None:
    """The command loads it as it starts, so that it must not ask for the command."""
    subprocess.run([sys.executable, "-c", f"import {joined.module}"], check=True)


def test_where_the_engines_folder_cannot_be_written_machine_code_is_kept_with_the_data(
    tmp_path: Path,
) -> None:
    """No folder at all stops even root, whom no permission would."""
    kept = {"NUMBA_CACHE_DIR": str(tmp_path / "machine-code")}
    assert code_kept(tmp_path / "away", tmp_path, {}) == kept
    assert code_kept(tmp_path / "away", tmp_path, {"NUMBA_CACHE_DIR": "/elsewhere"}) == {}
    assert code_kept(tmp_path, tmp_path, {}) == {}


def test_machine_code_that_others_may_have_written_is_not_run(tmp_path: Path) -> None:
    home = tmp_path / "machine-code"
    home.mkdir(mode=0o700)
    assert code_kept(tmp_path / "away", tmp_path, {}) == {"NUMBA_CACHE_DIR": str(home)}
    home.chmod(0o777)
    assert code_kept(tmp_path / "away", tmp_path, {}) == {}
    home.rename(tmp_path / "elsewhere")
    home.symlink_to(tmp_path / "elsewhere")
    assert code_kept(tmp_path / "away", tmp_path, {}) == {}
