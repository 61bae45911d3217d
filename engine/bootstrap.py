"""The one place where everything is put together; knows every room, decides nothing."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import structlog

from engine.archive.erased import Erased
from engine.catalogue.trials import Trial
from engine.credentials import load_or_make_keys
from engine.directory import Compiler, check_directory
from engine.errors import StateUnknown
from engine.facts import disclosed
from engine.files import data_directory, exposed, kept_key
from engine.models.beta import UNTRAINED
from engine.models.kinds import load_kinds
from engine.registry import Door, Registry
from engine.services.deciding.changes import DAY, retention
from engine.services.deciding.decisions import Decisions
from engine.services.deciding.recent import Moment, Recent, moment
from engine.services.deciding.records import Records
from engine.services.deciding.replay import Replay
from engine.services.intake.events import Events
from engine.services.intake.imports import Imports
from engine.services.intake.interactions import Interactions
from engine.services.intake.naming import Aside
from engine.services.intake.quarantine import Quarantine
from engine.services.intake.settling import Settling
from engine.services.intake.whose import Whose
from engine.services.keeper import LEASE, Keeper, Keeping
from engine.services.keyring import Keyring
from engine.services.learning.checkpoints import Checkpoints
from engine.services.learning.publishing import Publisher
from engine.services.learning.reading import READER
from engine.services.learning.study import Pace, Study
from engine.services.learning.turns import Learning
from engine.services.live.models import RegisteredModels
from engine.services.live.served import Served
from engine.services.live.standing import Standing, listed
from engine.services.live.trials import run
from engine.services.live.versions import Versions
from engine.services.people.customers import Customers
from engine.services.people.holdings import Holdings
from engine.services.people.identities import Resolver
from engine.services.people.linking import Linking
from engine.services.people.lists import Lists
from engine.services.people.merges import Merges
from engine.services.people.rules import Rules
from engine.services.people.ties import Ties
from engine.services.people.timeline import History, NoHistory, Timeline
from engine.services.privacy.erasure import Privacy
from engine.services.privacy.exports import Exports
from engine.services.privacy.forgetting import Forgetting
from engine.services.privacy.names import Names
from engine.services.privacy.tombstones import Tombstones
from engine.services.tokens import Signer
from engine.settings import OFF, EventLimits, Settings
from engine.situation import PROPENSITY, Live, bound
from engine.store import Store, open_store
from engine.telemetry import Metrics
from engine.wire.models import ModelsReply

ROWS_KEY = "archive"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Application:
    """Every use case, ready to be called."""

    version: str
    keyring: Keyring
    decisions: Decisions
    records: Records
    interactions: Interactions
    imports: Imports
    events: Events
    event_limits: EventLimits
    customers: Customers
    linking: Linking
    merges: Merges
    exports: Exports
    privacy: Privacy
    timeline: Timeline
    keeper: Keeper
    learning: Learning
    standing: Standing
    served: Served
    metrics: Metrics


@contextmanager
def open_application(
    settings: Settings, keep: bool = False, learn: bool = False
) -> Iterator[Application]:
    """The application over its store, following the catalogue, for as long as it is open.

    `keep`: it serves for long, so it loads all there is to load beforehand, and keeps the logs, see
    `services.keeper`; `learn`: it learns from them, see `services.learning`; each when no other
    process does.
    Raises Misconfigured, CatalogueRefused, ModelRefused, StoreUnavailable, StateUnknown.
    """
    data_directory(settings.data)
    if keep:
        load_kinds()
    with open_store(settings.redis_url, settings.data, durability=settings.durability) as store:
        for warning in (*exposed(settings.data), *store.warnings):
            _log.warning(warning)
        application = assemble(settings, store)
        _erase_again(application.privacy)
        if keep and not settings.learning.on:
            store.log.retire(READER)  # the logs need not wait for a learner that is off
        stopped = threading.Event()
        followers = [
            threading.Thread(target=follow, args=(stopped,), daemon=True)
            for follow in (
                application.served.follow,
                application.merges.follow,
                *([application.keeper.follow] if keep else []),
                *([application.learning.follow] if learn else []),
            )
        ]
        for follower in followers:
            follower.start()
        try:
            yield application
        finally:
            stopped.set()
            for follower in followers:
                follower.join()


def _erase_again(privacy: Privacy) -> None:
    """A store that lost its memory can wait until an operator accepts it: nothing is read of it."""
    try:
        privacy.replay()
    except StateUnknown as error:
        _log.error("erasures not yet done again", error=str(error))


def assemble(
    settings: Settings,
    store: Store,
    chance: Callable[[int], bytes] = os.urandom,
    clocks: Callable[[], Moment] = moment,
) -> Application:
    """The application over a store that is open; `chance` gives that many random bytes, `clocks`
    say how long ago a customer was decided for."""
    metrics = Metrics()
    registry = Registry(settings.data, store)
    models = RegisteredModels(registry)
    compiler = Compiler(settings.rules)
    versions = Versions(settings.data, compiler.version, models)
    served = Served(settings.catalogue, compiler.files, models, versions, metrics)
    rules = Rules(served, settings.phone_region, settings.identity_limit)
    merges = Merges(store, store.identities, rules.shared)
    lists = Lists(store, served)
    people = Resolver(store, store.identities, merges, rules, lists)
    linking = Linking(people, store.identities, merges, rules, served, lists)
    ties = Ties(store, store.identities, people, linking, rules, lists)
    whose = partial(Whose, people, linking, ties)
    quarantine = Quarantine(store.quarantine)
    most = settings.events.event
    replay = Replay(store, versions)
    tombstones = Tombstones(settings.data, kept_key(settings.data, "erasure"))
    archive = _Archive(settings, store, served)
    sign = Signer(kept_key(settings.data, "token")).sign
    rows_key = kept_key(settings.data, ROWS_KEY)
    recent = Recent(clocks)
    interactions = Interactions(people, served, metrics, recent)
    customers = Customers(people, served, metrics)
    held = Holdings(people, store.erasure)
    erased = Erased(settings.data)
    aside = Aside(quarantine, rules.normal)
    names = Names(store.identities)
    return Application(
        version("teller"),
        _keyring(settings),
        Decisions(people, served, replay, sign, metrics, recent, chance),
        Records(replay, sign),
        interactions,
        Imports(store, people, served, customers, interactions),
        Events(Settling(people, store), whose, quarantine, served, metrics, most),
        settings.events,
        customers,
        linking,
        merges,
        Exports(held, archive.history, served),
        Privacy(held, store.erasure, tombstones, erased, names, aside, merges),
        Timeline(people, store.erasure, archive.history, served, rows_key),
        _keeper(settings, store, served, metrics, archive, tombstones),
        _learning(settings, store, served, metrics, registry),
        Standing(store, served, models, Door(registry), compiler.files),
        served,
        metrics,
    )


class _Archive:
    """The archive, opened when it is first asked for: what it takes is large to load."""

    def __init__(self, settings: Settings, store: Store, served: Served) -> None:
        self._settings = settings
        self._store = store
        self._served = served

    @cached_property
    def keeping(self) -> Keeping | None:
        """None where it is switched off, or its extra is not installed: said once."""
        if self._settings.archive == OFF:
            self._store.log.retire(LEASE)
            return None
        try:
            opening = import_module("engine.archive.opening")
        except ModuleNotFoundError as error:
            _log.warning(
                'no archive: install it with `pip install "teller[archive]"`, or set '
                "TELLER_ARCHIVE=off",
                missing=error.name,
            )
            return None
        opened: Keeping = opening.Keeping(
            self._store.log,
            self._settings.data,
            self._settings.archive,
            lambda: disclosed(self._served.live.catalogue),
            kept_key(self._settings.data, ROWS_KEY),
        )
        return opened

    def history(self) -> History:
        """What there is to read."""
        return self.keeping.reading if self.keeping else NoHistory()


def _keeper(
    settings: Settings,
    store: Store,
    served: Served,
    metrics: Metrics,
    archive: _Archive,
    tombstones: Tombstones,
) -> Keeper:
    return Keeper(
        store.log,
        lambda: archive.keeping,
        metrics,
        lambda: retention(served.live),
        settings.log_days * DAY,
        Forgetting(tombstones, store.rewriting).turn,
    )


def _learning(
    settings: Settings, store: Store, served: Served, metrics: Metrics, registry: Registry
) -> Learning:
    checkpoints, publisher = Checkpoints(settings.data), Publisher(registry)
    pace = Pace(settings.learning.delay, settings.learning.half_life)

    def begin(live: Live, now: int) -> Study:
        return Study(store.log, checkpoints, publisher, metrics, pace, live, now)

    return Learning(store.log.hold, begin, served)


def list_models(data: Path, redis_url: str | None) -> ModelsReply:
    """The models of a house, whether or not it has a catalogue; `serving` is whom the aliases mean.

    Where none was ever kept no store is opened: an embedded one would make a house of whatever
    directory this is. Raises Misconfigured, StoreUnavailable, StateUnknown, ModelRefused.
    """
    if not Registry(data).names():
        return ModelsReply([])
    with open_store(redis_url, data) as store:
        models = RegisteredModels(Registry(data, store))
        return listed(models, {PROPENSITY: models.routing().champion or UNTRAINED.version})


def run_trials(
    directory: Path, data: Path | None, rules: str | None = None
) -> list[tuple[Trial, list[str]]]:
    """The tests beside the rules of `directory`, each with what did not hold.

    `data`: the models that would serve; None: the untrained prior. Raises CatalogueRefused.
    """
    catalogue = check_directory(directory, rules)
    models = RegisteredModels(Registry(data or directory))
    live = bound(catalogue, models.load(models.routing().champion if data else None))
    now = time.time_ns() // 1_000_000
    return [(trial, run(trial, live, now)) for trial in catalogue.tests]


def _keyring(settings: Settings) -> Keyring:
    keys = load_or_make_keys(settings)
    return Keyring(keys.secret, keys.publishable)
