"""Metrics of several workers, and of several servers on the same data; what ends a thread."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import values

from engine.telemetry import MULTIPROCESS, share_metrics


def test_metrics_of_a_server_that_runs_are_left_alone_and_those_of_earlier_runs_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setenv(MULTIPROCESS, "")
    home = tmp_path / "metrics"
    running, gone = home / str(os.getppid()), home / "999999999"
    for directory in (running, gone, home / str(os.getpid())):
        directory.mkdir(parents=True)
        (directory / "counter_1.db").write_bytes(b"counted")
    share_metrics(tmp_path)
    assert os.environ[MULTIPROCESS] == str(home / str(os.getpid()))
    assert (running / "counter_1.db").exists()
    assert not gone.exists()
    assert list((home / str(os.getpid())).iterdir()) == []


def test_of_an_error_that_ends_a_thread_the_place_is_logged_and_never_the_words() -> None:
    code = (
        "import threading; from engine.telemetry import configure_logs; configure_logs(); "
        "threading.Thread(target={}.__getitem__, args=['c-42']).start()"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    (line,) = run.stderr.splitlines()
    said = json.loads(line)
    assert (said["level"], said["type"]) == ("error", "KeyError")
    assert "threading.py" in said["where"][-1]
    assert "c-42" not in line
