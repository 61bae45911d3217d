"""Who shares another process's server takes its place when that process ends: `teller import` may
have started it, and `teller serve`, which came second, runs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import Event, Thread

from engine.errors import StoreUnavailable

_INTERVAL = 0.2  # seconds between looks whether it is our turn


@contextmanager
def in_line(
    our_turn: Callable[[], bool], running: Callable[[], AbstractContextManager[None]]
) -> Iterator[None]:
    """Meanwhile, once it is `our_turn`, the server is kept `running`, until we leave."""
    leaving = Event()
    heir = Thread(target=_wait, args=(our_turn, running, leaving), name="heir", daemon=True)
    heir.start()
    try:
        yield
    finally:
        leaving.set()
        heir.join()


def _wait(
    our_turn: Callable[[], bool],
    running: Callable[[], AbstractContextManager[None]],
    leaving: Event,
) -> None:
    while not leaving.wait(_INTERVAL):
        if our_turn():
            with suppress(StoreUnavailable), running():  # where it does not start, try again
                leaving.wait()
