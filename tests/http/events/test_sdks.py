"""The real SDKs, as the page for developers has them, against a running server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import api
from tests.http.conftest import SECRET, Client
from tests.http.events.sending import anonymous, aside, of, types

PAGE = (api.DOCS / "events.md").read_text()
PACKAGES = ("@segment/analytics-node@3.1.0", "@rudderstack/rudder-sdk-node@3.0.13")
HOME = Path(tempfile.gettempdir()) / f"teller-sdks-{os.getuid()}"


def snippet(language: str, package: str) -> str:
    """The page's example for an SDK."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    (found,) = [block for block in blocks if package in block]
    return str(found)


@pytest.fixture(scope="session")
def node_home() -> Path:
    """A directory with the SDKs of npm, installed once a machine."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node and npm are not installed, so the SDKs of npm are not tested")
    HOME.mkdir(mode=0o700, exist_ok=True)
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    patience = ("--fetch-retries=0", "--fetch-timeout=30000")  # ms; less than ours
    command = ["npm", "install", "--prefix", str(HOME), *options, *patience, *PACKAGES]
    done = _done(command, HOME, None)
    if done.returncode:
        pytest.skip(f"npm could not install the SDKs, so they are not tested: {done.stderr[-300:]}")
    return HOME


def _done(
    command: list[str], cwd: Path, environment: dict[str, str] | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        check=False,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def run(client: Client, command: list[str], cwd: Path) -> None:
    host, port = client.address
    environment = {**os.environ, "TELLER": f"http://{host}:{port}", "TELLER_KEY": SECRET}
    done = _done(command, cwd, environment)
    assert done.returncode == 0, done.stderr


def assert_all_arrived(client: Client) -> None:
    document = of(client, "c-42")
    assert aside(client) == []
    assert document["attributes"] == {"plan": "plus"}
    assert sorted(types(client, "c-42")) == ["order", "page"]
    assert {"anonymous:visitor-7", "email:ana@example.com"} <= set(document["identities"])
    assert anonymous(client, "visitor-7")["customer_id"] == document["customer_id"]


@pytest.mark.parametrize("package", ["segment-analytics-python", "rudder-sdk-python"])
def test_an_sdk_of_pypi_works_unmodified(client: Client, tmp_path: Path, package: str) -> None:
    pytest.importorskip("segment.analytics" if "segment" in package else "rudderstack.analytics")
    run(client, [sys.executable, "-c", snippet("python", package)], tmp_path)
    assert_all_arrived(client)


@pytest.mark.parametrize("package", ["@segment/analytics-node", "@rudderstack/rudder-sdk-node"])
def test_an_sdk_of_npm_works_unmodified(client: Client, node_home: Path, package: str) -> None:
    run(client, ["node", "-e", snippet("js", package)], node_home)
    assert_all_arrived(client)


def test_without_an_sdk_one_line_is_enough(client: Client, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    run(client, ["sh", "-ec", snippet("sh", "curl")], tmp_path)
    assert types(client, "c-42") == ["order"]
