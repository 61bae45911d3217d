"""`teller simulate`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from tests.training.pages import ragged

QUICK = ("--people", "20", "--visits", "80", "--days", "10", "--history", "300", "--seeds", "1")

ISLAND = """
from dataclasses import replace

from training.simulation.small import small_world


class Island:
    model = None

    def __init__(self, data):
        self.data = data

    def world(self, seed):
        return replace(small_world(20, seed), about=f"An island, kept in {self.data}")
"""


def simulate(*options: str) -> Result:
    return CliRunner().invoke(main, ["simulate", *QUICK, *options])


def test_a_simulation_is_told_in_words_for_machines_and_as_a_page(tmp_path: Path) -> None:
    page, data = tmp_path / "s.html", tmp_path / "s.json"
    result = simulate("--html", str(page), "--json", str(data), "--seeds", "2")
    assert result.exit_code == 0, result.output
    assert "80 visits over 10 days, seeds 1, 2" in result.output
    found = json.loads(data.read_bytes())
    names = ["random", "untrained", "trained", "online", "oracle"]
    assert [one["name"] for one in found["policies"]] == names
    assert all(len(one["curve"]) == len(found["at"]) == 80 for one in found["policies"])
    assert page.read_text().count("<svg") == 3
    assert ragged(page.read_text()) == []


def test_what_one_policy_showed_is_a_log_without_the_truth(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    assert simulate("--policy", "untrained", "--log", str(log)).exit_code == 0
    rows = pd.read_csv(log)
    assert len(rows) == 80
    assert {"at", "customer", "action", "promised", "chance", "answered", "plan"} <= set(rows)
    assert not {"true", "truth"} & set(rows)
    assert "say --policy NAME --seeds 1" in simulate("--log", str(log)).output


def test_a_server_without_a_key_or_without_an_address_is_asked_for_it() -> None:
    assert "needs the server's secret key" in simulate("--url", "http://localhost:1").output
    asked = simulate("--url", "localhost:8080", "--key", "sk_0123456789abcdef")
    assert "http://host:port" in asked.output


def test_a_server_that_does_not_answer_is_said_so() -> None:
    result = simulate("--url", "http://127.0.0.1:9", "--key", "sk_0123456789abcdef")
    assert result.exit_code == 1
    assert "does not answer" in result.output


def test_a_world_that_joins_by_name_is_played_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "elsewhere-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[teller.worlds]\nisland = elsewhere:Island\n")
    (tmp_path / "elsewhere.py").write_text(ISLAND)
    monkeypatch.syspath_prepend(tmp_path)
    result = simulate("--world", "island", "--policy", "untrained", "--data", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert f"An island, kept in {tmp_path}" in result.output


def test_a_world_nobody_brought_is_refused_with_those_there_are() -> None:
    result = simulate("--world", "mars")
    assert result.exit_code == 1
    assert "no world is called 'mars': say small or demo" in result.output
