"""Fits may run on a Dask cluster, and come out the same."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from engine.errors import Misconfigured
from tests.training.batch.histories import a_history
from tests.training.batch.test_train import COLUMNS, QUICK
from training.batch.cluster import workers
from training.batch.declared import automatic
from training.batch.mapping import to_past
from training.batch.train import train

distributed = pytest.importorskip("distributed", reason="the extra `dask` is not installed")


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A scheduler and a worker in this process."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    ) as running:
        yield running
    gc.collect()  # what joblib holds of it complains as it goes: better here than anywhere else


@pytest.mark.filterwarnings("default")
def test_a_model_fitted_on_a_cluster_is_the_one_fitted_here(cluster: Any) -> None:
    rows = to_past(a_history(500), COLUMNS, None)
    features = automatic(rows.table, None)
    idle = cluster.scheduler.transition_counter
    with workers(cluster.scheduler_address, 1) as jobs:
        there = train(rows, features, QUICK, jobs=jobs)
    assert cluster.scheduler.transition_counter > idle
    assert there.artefact == train(rows, features, QUICK).artefact


@pytest.mark.filterwarnings("default")
def test_a_cluster_fits_and_what_was_fitted_is_measured_here(cluster: Any) -> None:
    rows = to_past(a_history(500), COLUMNS, None)
    asked: dict[str, int] = {}
    with workers(cluster.scheduler_address, 1) as jobs:
        train(
            rows,
            automatic(rows.table, None),
            QUICK,
            jobs=jobs,
            told=lambda step: asked.setdefault(step, tasks(cluster)),
        )
    fits = tasks(cluster)
    assert fits
    assert [*asked.values()] == [0, fits, fits, fits]  # before the fits, and before each measuring


@pytest.mark.filterwarnings("default")
def test_a_cluster_nobody_finds_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.batch.cluster._PATIENCE", "200ms")
    with pytest.raises(Misconfigured, match="no Dask cluster at"), workers("tcp://127.0.0.1:9", 1):
        pass


def tasks(cluster: Any) -> int:
    """How many it was ever given to work out."""
    return len({key for key, _, to, *_ in cluster.scheduler.transition_log if to == "processing"})
