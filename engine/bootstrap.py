"""The one place where everything is put together; knows every room, decides nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import structlog

from engine.catalogue import Catalogue, compile_catalogue, compile_version
from engine.catalogue.trials import Trial
from engine.registry import Registry
from engine.services.customers import Customers
from engine.services.decisions import Decisions
from engine.services.interactions import Interactions
from engine.services.models import RegisteredModels
from engine.services.records import Records
from engine.services.replay import Replay
from engine.services.served import Served, read_directory
from engine.services.standing import Standing
from engine.services.tokens import Signer
from engine.services.trials import run
from engine.services.versions import Versions
from engine.settings import Keys, Settings, load_or_make_keys, token_key
from engine.store import Store, open_store
from engine.telemetry import Metrics

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Application:
    """Every use case, ready to be called."""

    version: str
    keys: Keys
    decisions: Decisions
    records: Records
    interactions: Interactions
    customers: Customers
    standing: Standing
    served: Served
    metrics: Metrics


@contextmanager
def open_application(settings: Settings) -> Iterator[Application]:
    """The application over its store, following the catalogue, for as long as it is open.

    Raises Misconfigured, CatalogueRefused, ModelRefused, StoreUnavailable, StateUnknown.
    """
    with open_store(settings.redis_url, settings.data) as store:
        for warning in store.warnings:
            _log.warning(warning)
        application = assemble(settings, store)
        stopped = threading.Event()
        follower = threading.Thread(
            target=application.served.follow, args=(stopped,), name="follow", daemon=True
        )
        follower.start()
        try:
            yield application
        finally:
            stopped.set()
            follower.join()


def assemble(settings: Settings, store: Store) -> Application:
    """The application over a store that is open."""
    metrics = Metrics()
    models = RegisteredModels(Registry(settings.data, store))
    versions = Versions(settings.data, compile_version, models)
    served = Served(settings.catalogue, _compile, models, versions, metrics)
    replay = Replay(store, versions)
    sign = Signer(token_key(settings.data)).sign
    return Application(
        version("teller"),
        load_or_make_keys(settings),
        Decisions(store, served, replay, sign, metrics),
        Records(replay, sign),
        Interactions(store, served, metrics),
        Customers(store, served, metrics),
        Standing(store, served, models, _compile),
        served,
        metrics,
    )


def check_directory(directory: Path) -> Catalogue:
    """The catalogue in `directory`, compiled. Raises CatalogueRefused."""
    return _compile(read_directory(directory))


def run_trials(directory: Path, data: Path | None) -> list[tuple[Trial, list[str]]]:
    """The tests beside the rules of `directory`, each with what did not hold.

    `data`: the models that would serve; None: the untrained prior. Raises CatalogueRefused.
    """
    catalogue = check_directory(directory)
    models = RegisteredModels(Registry(data or directory))
    live = models.bind(catalogue, models.champions() if data else {})
    now = time.time_ns() // 1_000_000
    return [(trial, run(trial, live, now)) for trial in catalogue.tests]


def _compile(files: Mapping[str, bytes]) -> Catalogue:
    return compile_catalogue(files, now=time.time_ns() // 1_000_000)
