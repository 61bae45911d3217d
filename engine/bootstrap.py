"""The one place where everything is put together; knows every room, decides nothing."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import structlog

from engine.catalogue import Catalogue, compile_catalogue, compile_version
from engine.catalogue.trials import Trial
from engine.errors import Misconfigured, StateUnknown
from engine.registry import Registry
from engine.rules.custom import rules_of
from engine.services.customers import Customers
from engine.services.decisions import Decisions
from engine.services.interactions import Interactions
from engine.services.keyring import Keyring
from engine.services.models import RegisteredModels
from engine.services.privacy import Privacy
from engine.services.records import Records
from engine.services.replay import Replay
from engine.services.served import Served, read_directory
from engine.services.standing import Standing
from engine.services.tokens import Signer
from engine.services.tombstones import Tombstones
from engine.services.trials import run
from engine.services.versions import Versions
from engine.settings import Settings, kept_key, load_or_make_keys
from engine.store import Store, open_store
from engine.telemetry import Metrics

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Application:
    """Every use case, ready to be called."""

    version: str
    keyring: Keyring
    decisions: Decisions
    records: Records
    interactions: Interactions
    customers: Customers
    privacy: Privacy
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
        _erase_again(application.privacy)
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


def _erase_again(privacy: Privacy) -> None:
    """A store that lost its memory can wait until an operator accepts it: nothing is read of it."""
    try:
        privacy.replay()
    except StateUnknown as error:
        _log.error("erasures not yet done again", error=str(error))


def assemble(settings: Settings, store: Store) -> Application:
    """The application over a store that is open."""
    metrics = Metrics()
    models = RegisteredModels(Registry(settings.data, store))
    compiler = Compiler(settings.rules)
    versions = Versions(settings.data, compiler.version, models)
    served = Served(settings.catalogue, compiler.files, models, versions, metrics)
    replay = Replay(store, versions)
    tombstones = Tombstones(settings.data, kept_key(settings.data, "erasure"))
    sign = Signer(kept_key(settings.data, "token")).sign
    return Application(
        version("teller"),
        _keyring(settings),
        Decisions(store, served, replay, sign, metrics),
        Records(replay, sign),
        Interactions(store, served, metrics),
        Customers(store, served, metrics),
        Privacy(store, store.erasure, tombstones, served),
        Standing(store, served, models, compiler.files),
        served,
        metrics,
    )


class Compiler:
    """Compiles catalogues with the author's `@rule` functions, from the module named `rules`."""

    def __init__(self, rules: str | None) -> None:
        """Raises Misconfigured when there is no such module, or it does not load."""
        module = _module(rules) if rules else None
        self._predicates = rules_of(vars(module)) if module else {}
        self._source = inspect.getsource(module).encode() if module else b""

    def files(self, files: Mapping[str, bytes]) -> Catalogue:
        """A catalogue from its files, as of now. Raises CatalogueRefused."""
        now = time.time_ns() // 1_000_000
        return compile_catalogue(files, self._predicates, self._source, now)

    def version(self, data: bytes, digest: str) -> Catalogue:
        """A kept version again. Raises CatalogueRefused, also when the rules have changed."""
        return compile_version(data, digest, self._predicates)


def check_directory(directory: Path, rules: str | None = None) -> Catalogue:
    """The catalogue in `directory`, compiled. Raises CatalogueRefused, Misconfigured."""
    return Compiler(rules).files(read_directory(directory))


def run_trials(
    directory: Path, data: Path | None, rules: str | None = None
) -> list[tuple[Trial, list[str]]]:
    """The tests beside the rules of `directory`, each with what did not hold.

    `data`: the models that would serve; None: the untrained prior. Raises CatalogueRefused.
    """
    catalogue = check_directory(directory, rules)
    models = RegisteredModels(Registry(data or directory))
    live = models.bind(catalogue, models.champions() if data else {})
    now = time.time_ns() // 1_000_000
    return [(trial, run(trial, live, now)) for trial in catalogue.tests]


def _module(name: str) -> ModuleType:
    try:
        return import_module(name)
    except (ImportError, SyntaxError) as error:
        raise Misconfigured(f"the module of rules {name!r} does not load: {error}") from error


def _keyring(settings: Settings) -> Keyring:
    keys = load_or_make_keys(settings)
    return Keyring(keys.secret, keys.publishable)
