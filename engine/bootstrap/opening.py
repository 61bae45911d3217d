"""The application over its store, for as long as it is open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import structlog

from engine.bootstrap.application import Application
from engine.bootstrap.assembly import assemble
from engine.errors import StateUnknown
from engine.files import data_directory, exposed
from engine.models.kinds import load_kinds
from engine.services.learning.reading import READER
from engine.services.privacy.erasure import Privacy
from engine.settings import Settings
from engine.store import open_store

_log = structlog.get_logger()


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
        follow = [application.served.follow, application.merges.follow]
        if keep:
            follow.append(application.keeper.follow)
        if learn:
            follow.append(application.learning.follow)
        with _followed(follow):
            yield application


@contextmanager
def _followed(follow: Iterable[Callable[[threading.Event], None]]) -> Iterator[None]:
    """Each in a thread of its own, until told to stop."""
    stopped = threading.Event()
    followers = [threading.Thread(target=one, args=(stopped,), daemon=True) for one in follow]
    for follower in followers:
        follower.start()
    try:
        yield
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
