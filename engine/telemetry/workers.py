"""Metrics of several workers: each writes its numbers to files of its own, in one directory that
all of them know by `PROMETHEUS_MULTIPROC_DIR`, so that any of them answers for all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from engine.files import own_directory

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


def share_metrics(data: Path) -> None:
    """Let the workers about to start share their metrics, in a directory named by our process.

    What earlier runs left is dropped, and of servers that run on the same data nothing is.
    """
    home = data / "metrics"
    own_directory(home)
    directory = home / str(os.getpid())
    for left in home.iterdir():
        if left == directory or not _runs(left.name):
            shutil.rmtree(left, ignore_errors=True)
    directory.mkdir(mode=0o700)
    os.environ[MULTIPROCESS] = str(directory.resolve())
    # It looked when it was imported, before we had said so; and it has no types.
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]


def exposition(own: CollectorRegistry) -> bytes:
    """All workers' metrics in Prometheus' text format; a process that shares none tells its
    `own`."""
    if MULTIPROCESS not in os.environ:
        return generate_latest(own)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # it has no types
    return generate_latest(registry)


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except PermissionError:  # it does, as someone else
        return True
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    return True
