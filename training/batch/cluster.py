"""Where fits run: threads here, or the workers of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from joblib import parallel_config

from engine.errors import Misconfigured

_PATIENCE = "10s"


@contextmanager
def workers(dask: str | None, jobs: int) -> Iterator[int]:
    """How many fits may run at once: `jobs`, or as many as the cluster at the URL `dask` takes.

    Raises Misconfigured when there is no such cluster, or `distributed` is not installed.
    """
    if dask is None:
        yield jobs
        return
    try:
        distributed = import_module("distributed")
    except ModuleNotFoundError as error:
        raise Misconfigured(f"--dask needs {error.name}: pip install 'teller[dask]'") from None
    try:
        client = distributed.Client(dask, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"no Dask cluster at {dask}: {error}") from error
    with client, parallel_config(backend="dask", client=client):
        yield -1
