"""What the pages on monitoring and simulation say runs as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main

DOCS = Path(__file__).parents[3] / "docs"
MONITORING, SIMULATION = ((DOCS / name).read_text() for name in ("monitoring.md", "simulation.md"))


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)


def typed(block: str) -> list[list[str]]:
    """The `teller` lines of a block, as words after the first."""
    lines = block.replace("\\\n", "").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("teller ")]


def test_the_file_on_the_page_is_made_and_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mapping.yaml").write_text(blocks(MONITORING, "yaml")[0])
    made, watched = (CliRunner().invoke(main, line) for line in typed(blocks(MONITORING, "sh")[1]))
    assert made.exit_code == 0, made.output
    assert watched.exit_code in (0, 3), watched.output
    assert Path("watch.html").exists()


def test_the_first_simulation_on_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (line,) = typed(blocks(SIMULATION, "sh")[0])
    result = CliRunner().invoke(main, line)
    assert result.exit_code == 0, result.output
    assert Path("simulation.html").exists()
