"""The `teller` command, as a person types it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.cli.house import code_kept
from engine.models.kinds import KINDS
from engine.registry import Registry
from tests.http.catalogue import CATALOGUE, written
from tests.http.house import TELLER, served
from tests.store.conftest import until

TESTS = """
tests:
  - name: a fibre customer is never offered fibre
    customer: {attributes: {plan: fibre}, consent: {marketing: granted}}
    request: {placement: home.hero}
    never: [fibre-upgrade]
    fallback: true
    reason: {action: fibre-upgrade, stage: engagement}
"""
WRONG = """
  - name: everyone is offered fibre
    request: {placement: home.hero}
    expect: [fibre-upgrade]
    only: [help]
    fallback: false
    reason: {action: fibre-upgrade, stage: contact}
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    return written(tmp_path, CATALOGUE + TESTS)


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
    missing = CliRunner().invoke(main, ["check", str(catalogue), "--rules", "no_such_rules"])
    assert "Error: the module of rules 'no_such_rules' does not load" in missing.output


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


def test_the_workers_of_serve_keep_the_archive_while_it_learns(tmp_path: Path) -> None:
    """What is forked from a process with threads may wait for ever for what one of them held."""
    with served(tmp_path) as house:
        house.call("/v1/customers/ana", {"consent": {"marketing": "granted"}}, "PATCH")
        manifests = house.data / "archive" / "manifests"
        until(lambda: manifests.exists() and any(manifests.iterdir()))


def test_serve_answers_with_several_workers_and_logs_nothing_personal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELLER_CATALOG", "typo")
    with served(tmp_path) as house:
        change = {"attributes": {"first_name": "Canaria"}, "consent": {"marketing": "granted"}}
        house.call("/v1/customers/canary-7", change, "PATCH")
        for number in range(20):
            house.decide("canary-7", context={"page": f"/canary-{number}"})
        assert sum(_counted(house.url, "teller_decisions_total")) == 20
        until(lambda: bool(_counted(house.url, "teller_archive_behind_seconds")))
        said = house.log.read_text()
    assert house.key in said
    assert "TELLER_CATALOG is not a setting; did you mean TELLER_CATALOGUE?" in said
    assert "anar" not in said


def test_a_port_where_something_listens_is_refused(catalogue: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as another `serve` would
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        house = ["--catalogue", str(catalogue), "--data", str(tmp_path / "data"), "--port", port]
        result = CliRunner().invoke(main, ["serve", *house])
    assert result.exit_code == 1
    assert f"cannot listen on port {port}" in result.output
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["serve", "demo"])
@pytest.mark.parametrize("port", ["0", "-1", "65536", "99999"])
def test_a_port_that_is_none_is_refused_before_anything_starts(
    tmp_path: Path, command: str, port: str
) -> None:
    """A socket may take it for the rest of its division by 65,536."""
    data = tmp_path / "data"
    result = CliRunner().invoke(main, [command, "--data", str(data), "--port", port])
    assert result.exit_code == 2
    assert "is not in the range 1<=x<=65535" in result.output
    assert not data.exists()


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


def _counted(url: str, name: str) -> list[float]:
    """The samples of a metric."""
    lines = urlopen(f"{url}/metrics").read().decode().splitlines()  # noqa: S310
    return [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)]


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
    ran = subprocess.run(
        [sys.executable, "-c", asked],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "TELLER_DATA": str(tmp_path / "data")},
    ).stdout
    assert without & set(ran.split()) == set()
    assert "click" in ran.split()


def test_a_worker_loads_every_kind_of_model_before_it_answers(
    catalogue: Path, tmp_path: Path
) -> None:
    """Or the first decision by a model that is promoted later would wait for it."""
    house = {"TELLER_CATALOGUE": str(catalogue), "TELLER_DATA": str(tmp_path / "data")}
    ran = subprocess.run(
        [sys.executable, "-c", "import sys, api\napi.from_environment()\nprint(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, **house},
    )
    kinds = {place.partition(":")[0] for place in KINDS.values()}
    assert kinds <= set(ran.stdout.split())


@pytest.mark.parametrize("named", [True, False])
def test_a_worker_of_another_server_warns_of_a_store_that_would_end_with_it(
    catalogue: Path, tmp_path: Path, server_url: str, named: bool
) -> None:
    house = {"TELLER_CATALOGUE": str(catalogue), "TELLER_DATA": str(tmp_path / "data")}
    ran = subprocess.run(
        [sys.executable, "-c", "import api\napi.from_environment()"],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, **house, "TELLER_REDIS_URL": server_url if named else ""},
    )
    assert ("the store may end with a worker" in ran.stderr) is not named


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
