"""Keeping the logs: into the archive, if there is one, and trimmed behind it.

Every process runs one; a lease in the store says whose turn it is. The lease only saves
work: two that both believe to hold it do no harm.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from threading import Event
from typing import Protocol

import structlog

from engine.errors import Overtaken, TellerError
from engine.services.people.timeline import History

LEASE = "archive"
LIFE = 60_000  # ms; a keeper that died is replaced after this
PAUSE = 10.0  # seconds between looks at the logs
TIDY = 60.0  # seconds between trims and compactions

_log = structlog.get_logger()


class Trimmed(Protocol):
    """How many entries went, and how many of them unread."""

    @property
    def gone(self) -> int: ...
    @property
    def unread(self) -> int: ...


class Logs(Protocol):
    """The partitions' logs, see `engine.store.log`."""

    def hold(self, lease: str, token: str, life: int) -> bool: ...
    def trim(self, before: int, at_latest: int) -> Trimmed: ...


class Round(Protocol):
    """What was taken in, see `engine.archive.writer`."""

    @property
    def rows(self) -> Mapping[str, int]: ...
    @property
    def poison(self) -> int: ...
    @property
    def latest(self) -> int | None: ...
    @property
    def more(self) -> bool: ...


class Keeping(Protocol):
    """The archive, see `engine.archive.opening`."""

    @property
    def reading(self) -> History: ...
    def register(self) -> None: ...
    def round(self) -> Round: ...
    def tidy(self) -> None: ...


class Watch(Protocol):
    """Whoever counts what happens."""

    def archived(self, rows: Mapping[str, int], poison: int, behind: float) -> None: ...
    def trimmed(self, gone: int, unread: int) -> None: ...


class Keeper:
    """Reads on, tidies and trims. `retention` (ms) is how long the log is kept at least,
    `longest` (ms) for how long also what the archive has not read. `archive` opens it, None
    where there is none; it is asked only by who holds the lease. `forgetting` has the store's own
    files forget who was erased.
    """

    def __init__(
        self,
        logs: Logs,
        archive: Callable[[], Keeping | None],
        watch: Watch,
        retention: Callable[[], int],
        longest: int,
        forgetting: Callable[[], None],
    ) -> None:
        self._logs = logs
        self._open = archive
        self._archive: Keeping | None = None
        self._watch = watch
        self._retention = retention
        self._longest = longest
        self._forget = forgetting
        self._token = secrets.token_hex(16)
        self._opened = False
        self._tidied = float("-inf")

    def follow(self, stopped: Event) -> None:
        """Until told to stop, and whatever fails meanwhile."""
        while not stopped.is_set():
            if not self._unharmed():
                stopped.wait(PAUSE)
        self._give_back()

    def catch_up(self) -> bool:
        """Take in all there is now; False when another process holds the lease."""
        more = True
        while more and self._holding():
            self._prepare()
            more = self._take_in()
        if not more:
            self._trim()
            self._tidy()
            self._give_back()
        return not more

    def _unharmed(self) -> bool:
        """One turn; whether the next should follow at once."""
        try:
            return self._turn()
        except Overtaken as error:
            _log.info("another process keeps the archive", reason=str(error))
        except TellerError as error:
            _log.error("the archive is not kept", error=str(error))
        return False

    def _turn(self) -> bool:
        """Trimming comes first: where the archive cannot be written, the store must not fill up."""
        if not self._holding():
            return False
        self._prepare()
        due = time.monotonic() - self._tidied >= TIDY
        if due:
            self._tidied = time.monotonic()
            self._trim()
        more = self._take_in()
        if due:
            self._tidy()
        return more

    def _prepare(self) -> None:
        if self._opened:
            return
        self._archive = self._open()
        if self._archive is not None:
            self._archive.register()
        self._opened = True

    def _holding(self) -> bool:
        return self._logs.hold(LEASE, self._token, LIFE)

    def _give_back(self) -> None:
        try:
            self._logs.hold(LEASE, self._token, 0)
        except TellerError as error:
            _log.warning("the lease of the archive ends by itself", error=str(error))

    def _take_in(self) -> bool:
        """Whether there may be more."""
        if self._archive is None:
            return False
        done = self._archive.round()
        behind = 0 if done.latest is None else max(_now() - done.latest, 0)
        self._watch.archived(done.rows, done.poison, behind / 1000)
        if done.poison:
            _log.error("log entries that cannot be read were set aside", count=done.poison)
        return done.more

    def _tidy(self) -> None:
        if self._archive is not None:
            self._archive.tidy()

    def _trim(self) -> None:
        keep = self._retention()
        self._forget()
        trimmed = self._logs.trim(_now() - keep, _now() - max(keep, self._longest))
        self._watch.trimmed(trimmed.gone, trimmed.unread)
        if trimmed.unread:
            _log.error(
                "THE LOG LET GO OF WHAT THE ARCHIVE OR THE LEARNER NEVER READ, for its age "
                "(TELLER_LOG_DAYS)",
                count=trimmed.unread,
            )


def _now() -> int:
    return time.time_ns() // 1_000_000
