"""Metrics of several workers, and of several servers on the same data."""

from __future__ import annotations

import os
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
