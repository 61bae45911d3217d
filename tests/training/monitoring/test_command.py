"""`teller monitor`, as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families

from engine.cli import main
from tests.training.monitoring.builders import moved, traffic
from tests.training.pages import ragged
from training.monitoring.traffic import Traffic

MAPPING = """
inputs: [spend, plan]
answered: answered
promised: promised
selection_probability: chance
action: action
fallback: fallback
at: at
"""


def written(one: Traffic, tmp_path: Path) -> list[str]:
    """Traffic as a file with its mapping."""
    columns = {
        "answered": one.answered,
        "promised": one.promised,
        "chance": one.chances,
        "action": one.actions,
        "fallback": one.fallback,
        "at": one.at,
    }
    pd.DataFrame({**one.inputs, **columns}).to_csv(tmp_path / "log.csv", index=False)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    return [str(tmp_path / "log.csv"), "--mapping", str(tmp_path / "mapping.yaml")]


def monitor(*options: str) -> Result:
    return CliRunner().invoke(main, ["monitor", *options])


def test_a_quiet_file_ends_well_and_a_moved_one_with_status_three(tmp_path: Path) -> None:
    quiet = monitor(*written(traffic(), tmp_path))
    assert quiet.exit_code == 0, quiet.output
    assert "no alarm" in quiet.output
    loud = monitor(*written(moved(traffic(), plan=lambda v: ["gold"] * len(v)), tmp_path))
    assert loud.exit_code == 3
    assert "ALARM: 1 thing moved\n  plan alarms in 8 of 10 windows" in loud.output


def test_findings_are_written_for_machines_and_for_prometheus_and_as_a_page(
    tmp_path: Path,
) -> None:
    files = {name: tmp_path / f"watch.{name}" for name in ("json", "html", "prometheus")}
    options = [word for name, file in files.items() for word in (f"--{name}", str(file))]
    one = moved(traffic(), plan=lambda v: ["gold"] * len(v))
    monitor(*written(one, tmp_path), *options, "--windows", "4")
    assert json.loads(files["json"].read_bytes())["alarms"] == {"plan": 3}
    assert "<svg" in files["html"].read_text()
    assert ragged(files["html"].read_text()) == []
    metrics = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(files["prometheus"].read_text())
        for sample in family.samples
    }
    assert metrics["teller_watch_alarms",] == 1.0
    assert 0.0 < metrics["teller_watch_action", "answered", "isa", "low"] < 1.0
    assert metrics["teller_watch_psi", "plan"] > 1.0 > metrics["teller_watch_psi_chance", "plan"]
    assert 0.5 < metrics["teller_watch_performance", "auc", "value"] < 1.0


def test_a_page_has_no_picture_of_what_nobody_says(tmp_path: Path) -> None:
    file = written(traffic(), tmp_path)
    mapping, page = tmp_path / "mapping.yaml", tmp_path / "watch.html"
    pictures = {}
    for known in ("fallback", "answered", "inputs"):
        kept = MAPPING.strip().splitlines()
        mapping.write_text("\n".join(kept[: 1 + [one.split(":")[0] for one in kept].index(known)]))
        monitor(*file, "--html", str(page), "--windows", "4")
        pictures[known] = page.read_text().count("<svg"), page.read_text().count('id="axes_')
    assert pictures == {"fallback": (3, 5), "answered": (2, 2), "inputs": (1, 1)}


def test_where_no_answer_is_known_yet_it_says_so_and_not_only_dashes(tmp_path: Path) -> None:
    file, page = written(traffic(), tmp_path), tmp_path / "watch.html"
    said = "whether it was answered"
    assert said not in monitor(*file).output
    (tmp_path / "mapping.yaml").write_text("inputs: [spend, plan]")
    assert said in monitor(*file, "--html", str(page)).output
    assert said in page.read_text()


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("answred: answered", "answred"),
        ("{action: offer, reward: clicked}", "its fields are inputs, answered, promised,"),
        ("inputs: [spnd]", "did you mean 'spend'?"),
        ("{inputs: [spend], promised: spend}", "is not between 0 and 1"),
        ("{inputs: [spend], at: plan}", "column 'plan' must hold times"),
    ],
)
def test_a_mapping_at_fault_is_told_in_words(tmp_path: Path, mapping: str, said: str) -> None:
    arguments = written(traffic(400), tmp_path)
    (tmp_path / "mapping.yaml").write_text(mapping)
    result = monitor(*arguments)
    assert result.exit_code == 1
    assert said in result.output


def test_a_file_without_a_mapping_is_asked_for_one(tmp_path: Path) -> None:
    file = written(traffic(400), tmp_path)[0]
    assert "--mapping FILE" in monitor(file).output
