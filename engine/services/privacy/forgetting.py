"""After an erasure, the store's files forget too: within the hour, and so within the day (I12)."""

from __future__ import annotations

import time
from typing import Protocol

import structlog

from engine.errors import StoreUnavailable
from engine.services.privacy.tombstones import Tombstones

EVERY = 3600.0  # seconds between two rewrites at least: each is a fork of the server

_log = structlog.get_logger()


class Files(Protocol):
    """The store's append-only files, see `engine.store.rewriting`."""

    def done_for(self) -> str: ...
    def begin(self, mark: str) -> bool: ...


class Forgetting:
    """Has the store's files written anew once there are erasures they know nothing of."""

    def __init__(self, tombstones: Tombstones, files: Files) -> None:
        self._tombstones = tombstones
        self._files = files
        self._begun = float("-inf")

    def turn(self) -> None:
        """Begin it where it is due. What the store refuses is said, and tried again later."""
        mark = str(self._tombstones.size())
        if mark == "0" or time.monotonic() - self._begun < EVERY:
            return
        try:
            if self._files.done_for() != mark and self._files.begin(mark):
                self._begun = time.monotonic()
        except StoreUnavailable as error:
            self._begun = time.monotonic()
            _log.warning(
                "WHO WAS ERASED MAY STILL BE IN THE STORE'S APPEND-ONLY FILE: have it rewritten "
                "daily (BGREWRITEAOF), or let Teller",
                error=str(error),
            )
