"""Every part made, and given the parts it works with."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

from engine.archive.erased import Erased
from engine.bootstrap.application import Application
from engine.bootstrap.archive import ROWS_KEY, Archive
from engine.credentials import load_or_make_keys
from engine.directory import Compiler
from engine.files import kept_key
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
from engine.services.keeper import Keeper
from engine.services.keyring import Keyring
from engine.services.learning.checkpoints import Checkpoints
from engine.services.learning.publishing import Publisher
from engine.services.learning.study import Pace, Study
from engine.services.learning.turns import Learning
from engine.services.live.models import RegisteredModels
from engine.services.live.served import Served
from engine.services.live.standing import Standing
from engine.services.live.versions import Versions
from engine.services.people.customers import Customers
from engine.services.people.holdings import Holdings
from engine.services.people.identities import Resolver
from engine.services.people.linking import Linking
from engine.services.people.lists import Lists
from engine.services.people.merges import Merges
from engine.services.people.rules import Rules
from engine.services.people.ties import Ties
from engine.services.people.timeline import Timeline
from engine.services.privacy.erasure import Privacy
from engine.services.privacy.exports import Exports
from engine.services.privacy.forgetting import Forgetting
from engine.services.privacy.names import Names
from engine.services.privacy.tombstones import Tombstones
from engine.services.tokens import Signer
from engine.settings import Settings
from engine.situation import Live
from engine.store import Store
from engine.telemetry import Metrics


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
    archive = Archive(settings, store, served)
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
        Events(Settling(people, store, recent), whose, quarantine, served, metrics, most),
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


def _keeper(
    settings: Settings,
    store: Store,
    served: Served,
    metrics: Metrics,
    archive: Archive,
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


def _keyring(settings: Settings) -> Keyring:
    keys = load_or_make_keys(settings)
    return Keyring(keys.secret, keys.publishable)
