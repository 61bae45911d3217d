"""`teller serve` and its workers: where they listen, what they keep, what they warn of."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

from engine.cli import main
from tests.cli.conftest import run
from tests.http.house import served
from tests.store.conftest import until


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


def _counted(url: str, name: str) -> list[float]:
    """The samples of a metric."""
    lines = urlopen(f"{url}/metrics").read().decode().splitlines()  # noqa: S310
    return [float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name)]


@pytest.mark.parametrize("named", [True, False])
def test_a_worker_of_another_server_warns_of_a_store_that_would_end_with_it(
    catalogue: Path, tmp_path: Path, server_url: str, named: bool
) -> None:
    ran = run(
        "import api\napi.from_environment()",
        TELLER_CATALOGUE=str(catalogue),
        TELLER_DATA=str(tmp_path / "data"),
        TELLER_REDIS_URL=server_url if named else "",
    )
    assert ("the store may end with a worker" in ran.stderr) is not named
