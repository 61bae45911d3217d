"""The archive, opened when it is first asked for: what it takes is large to load."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module

import structlog

from engine.facts import disclosed
from engine.files import kept_key
from engine.services.keeper import LEASE, Keeping
from engine.services.live.served import Served
from engine.services.people.timeline import History, NoHistory
from engine.settings import OFF, Settings
from engine.store import Store

ROWS_KEY = "archive"

_log = structlog.get_logger()


class Archive:
    """For the keeper to write, and for the timeline to read."""

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
