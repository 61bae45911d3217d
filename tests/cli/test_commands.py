"""The `teller` command, as a person types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.registry import Registry
from tests.http.house import TELLER

WRONG = """
  - name: everyone is offered fibre
    request: {placement: home.hero}
    expect: [fibre-upgrade]
    only: [help]
    fallback: false
    reason: {action: fibre-upgrade, stage: contact}
"""


def test_check_says_that_a_good_catalogue_has_no_fault(catalogue: Path) -> None:
    result = CliRunner().invoke(main, ["check", str(catalogue)])
    assert result.exit_code == 0
    assert "2 actions, no fault: sha256:" in result.output


def test_check_lists_every_fault_with_its_line_and_fails(catalogue: Path) -> None:
    file = catalogue / "catalogue.yaml"
    broken = file.read_text().replace("kind: service", "kind: servce").replace("go: ", "")
    file.write_text(broken.replace("customer.plan != 'fibre'", "customer.pan != 'fibre'"))
    result = CliRunner().invoke(main, ["check", str(catalogue)])
    assert result.exit_code == 1
    assert result.output.count("catalogue.yaml:") >= 2
    assert "plan" in result.output


def test_a_directory_without_a_catalogue_is_none(tmp_path: Path) -> None:
    (tmp_path / "catalogue.yml~").write_text("actions: []")
    result = CliRunner().invoke(main, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output == (
        "catalogue.yaml:1: there is no such file, nor any other .yaml, .yml or .csv\n"
    )


def test_every_fault_is_one_line_whatever_the_author_wrote(catalogue: Path) -> None:
    file = catalogue / "catalogue.yaml"
    spoilt = '"servce\\nother.yaml:3: unknown\\e[31m"'
    file.write_text(file.read_text().replace("kind: service", f"kind: {spoilt}"))
    result = CliRunner().invoke(main, ["check", str(catalogue)])
    assert result.exit_code == 1
    assert all(line.startswith("catalogue.yaml:") for line in result.output.splitlines())
    assert r"servce\nother.yaml:3: unknown\x1b[31m" in result.output


def test_a_file_that_cannot_be_taken_in_is_a_fault_and_not_left_out(catalogue: Path) -> None:
    (catalogue / "contact.yaml").symlink_to("elsewhere.yaml")
    (catalogue / "ring.yaml").symlink_to("ring.yaml")
    result = CliRunner().invoke(main, ["check", str(catalogue)])
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "contact.yaml:1: the file is a link that leads nowhere (mend or remove the link)",
        "ring.yaml:1: the file is a link that leads nowhere (mend or remove the link)",
    ]


@pytest.mark.skipif(sys.platform == "darwin", reason="takes no such name for a file")
def test_a_file_whose_name_is_no_text_is_a_fault(catalogue: Path) -> None:
    (catalogue / os.fsdecode(b"caf\xe9.yaml")).write_text("segments: {}")
    result = CliRunner().invoke(main, ["check", str(catalogue)])
    assert result.exit_code == 1
    assert result.output == "caf\\udce9.yaml:1: the file's name is not UTF-8 text (rename it)\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_full_disk_is_said_without_a_traceback(catalogue: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*TELLER, "check", str(catalogue)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ran.returncode == 1
    assert ran.stderr.startswith(
        "Error: a file cannot be read or written (No space left on device)"
    )


def test_the_tests_beside_the_rules_hold_or_say_why_not(catalogue: Path) -> None:
    result = CliRunner().invoke(main, ["test", str(catalogue)])
    assert (result.exit_code, "1 of 1 tests hold" in result.output) == (0, True)

    file = catalogue / "catalogue.yaml"
    file.write_text(file.read_text() + WRONG)
    result = CliRunner().invoke(main, ["test", str(catalogue)])
    assert result.exit_code == 1
    assert "FAILED everyone is offered fibre" in result.output
    assert "fibre-upgrade should be offered, but consent said consent-unknown" in result.output
    assert "it should not come to the fallback" in result.output
    assert "fibre-upgrade should be kept out by contact" in result.output


def test_a_decision_can_be_made_and_replayed_from_the_command_line(
    catalogue: Path, tmp_path: Path, server_url: str
) -> None:
    house = ["--catalogue", str(catalogue), "--data", str(tmp_path / "d"), "--redis", server_url]
    made = CliRunner().invoke(main, ["decide", *house, "--live", "c-1", "home.hero"])
    assert made.exit_code == 0, made.output
    decision = json.loads(made.stdout)
    assert decision["placements"][0]["fallback"] is True
    replayed = CliRunner().invoke(main, ["replay", *house, decision["decision_id"]])
    assert replayed.exit_code == 0, replayed.output
    assert json.loads(replayed.stdout)["identical"] is True
    models = CliRunner().invoke(main, ["models", *house[2:]])
    assert json.loads(models.stdout) == {"models": []}


@pytest.mark.parametrize("option", ["--context", "--attributes"])
@pytest.mark.parametrize("text", ["{bad", '{}, "customer": {"id": "c-2"}', "", "[" * 9999])
def test_what_is_no_json_is_said_with_its_option(
    catalogue: Path, tmp_path: Path, option: str, text: str
) -> None:
    command = ["decide", "--catalogue", str(catalogue), "--data", str(tmp_path / "d")]
    result = CliRunner().invoke(main, [*command, "c-1", "home.hero", option, text])
    assert result.exit_code == 2
    assert f"Invalid value for '{option}': it is not JSON" in result.output


def test_a_rule_in_python_is_known_to_conditions(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_rules.py").write_text(
        "from engine.rules.custom import rule\n\n\n"
        "@rule\ndef loyal(facts):\n    return facts.customer.get('visits', 0) > 12\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    file = catalogue / "catalogue.yaml"
    file.write_text(file.read_text().replace("[customer.plan != 'fibre']", "[rule.loyal]"))
    assert CliRunner().invoke(main, ["check", str(catalogue)]).exit_code == 1
    good = CliRunner().invoke(main, ["check", str(catalogue), "--rules", "own_rules"])
    assert good.exit_code == 0, good.output
    for command in ("check", "test"):
        named = CliRunner().invoke(
            main, [command, str(catalogue)], env={"TELLER_RULES": "own_rules"}
        )
        assert "rule.loyal is not declared" not in named.output


@pytest.mark.parametrize(
    ("module", "why"),
    [
        ("no_such_rules", "No module named 'no_such_rules', where Python looks: name its"),
        ("sys", "is a built-in module"),
        ("failing_rules", "no visits"),
    ],
)
def test_a_module_of_rules_that_does_not_load_is_said_without_a_traceback(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, why: str
) -> None:
    (tmp_path / "failing_rules.py").write_text("raise ValueError('no visits')\n")
    monkeypatch.syspath_prepend(tmp_path)
    result = CliRunner().invoke(main, ["check", str(catalogue), "--rules", module])
    assert f"Error: the module of rules {module!r} does not load" in result.output
    assert why in result.output


def test_what_is_wrong_is_said_without_a_traceback() -> None:
    result = CliRunner().invoke(main, ["export", "c-1"], env={"TELLER_CATALOGUE": ""})
    assert result.exit_code == 1
    assert result.output.startswith("Error: no catalogue")


def test_models_are_listed_without_a_catalogue_and_sought_where_there_is_a_house(
    tmp_path: Path, server_url: str
) -> None:
    house = ["--data", str(tmp_path), "--redis", server_url]
    version = Registry(tmp_path).publish("propensity", "beta", b'{"base_rate": 0.1}')
    Registry(tmp_path).promote("propensity", version)
    listed = CliRunner().invoke(main, ["models", *house])
    (model,) = json.loads(listed.stdout)["models"]
    assert (model["versions"], model["serving"]) == ([version], version)
    assert model["rollback_to"] == "untrained"
    nowhere = CliRunner().invoke(main, ["models", "--data", str(tmp_path / "typo")])
    assert nowhere.exit_code == 1
    assert f"no such directory; looked in {tmp_path / 'typo'} (--data" in nowhere.output
    assert not (tmp_path / "typo").exists()


def test_listing_models_makes_no_house_of_another_directory(tmp_path: Path) -> None:
    listed = CliRunner().invoke(main, ["models", "--data", str(tmp_path)])
    assert json.loads(listed.stdout) == {"models": []}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [["decide", "\udcff", "home.hero"], ["erase", "a\udcff"], ["models", "--data=\udcff"]],
)
def test_an_argument_that_is_no_text_is_refused(command: list[str]) -> None:
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 2
    assert "udcff' is not UTF-8" in result.output


def test_events_to_take_in_or_drop_that_are_not_there_are_said(
    catalogue: Path, tmp_path: Path, server_url: str
) -> None:
    house = ["--catalogue", str(catalogue), "--data", str(tmp_path / "d"), "--redis", server_url]
    for verb, said in (
        ("replay", "0 taken in, 0 still set aside, 1 not there"),
        ("drop", "0 dropped, 1 not there"),
    ):
        result = CliRunner().invoke(main, ["events", verb, *house, "no-such-event"])
        assert (result.exit_code, result.output.strip()) == (1, said)


def test_a_history_is_imported_exported_and_erased(catalogue: Path, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("customer_id,plan\nc-1,basic\nc-2,gold\n")
    house = ["--catalogue", str(catalogue), "--data", str(tmp_path / "data")]

    taken = CliRunner().invoke(main, ["import", *house, "customers", str(file)])
    assert taken.exit_code == 1
    assert "1 rows in, 0 told nothing new, 1 kept aside" in taken.output
    assert "people.csv:3: plan: must be one of basic, plus, fibre" in taken.output

    told = CliRunner().invoke(main, ["export", *house, "c-1"])
    assert json.loads(told.stdout)["customer"]["attributes"] == {"plan": "basic"}
    asked = CliRunner().invoke(main, ["erase", *house, "c-1"], input="n\n")
    assert "cannot be undone" in asked.output
    assert CliRunner().invoke(main, ["export", *house, "c-1"]).exit_code == 0
    erased = CliRunner().invoke(main, ["erase", *house, "--yes", "c-1"])
    assert json.loads(erased.stdout)["erased"]["customers"] == 1
    assert CliRunner().invoke(main, ["export", *house, "c-1"]).exit_code == 1
