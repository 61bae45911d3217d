"""A server program that is started again should it end before we do: the system may kill it for
its memory, and without it every decision would be the fallback until somebody came."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread

_REST = 1.0  # seconds before another start: one that cannot start must not take a core

Process = subprocess.Popen[bytes]


class Revived:
    """The process that `start` gives, and whichever comes after it, until `stop`."""

    def __init__(self, start: Callable[[], Process]) -> None:
        self._start = start
        self._stopping = Event()
        self._turn = Lock()  # either another is started, or the last is told to end
        self._process = start()
        self._thread = Thread(target=self._revive, name="embedded server", daemon=True)

    def dead(self) -> bool:
        """Whether the process is not running just now."""
        return self._process.poll() is not None

    def watch(self) -> None:
        """From now on another is started when it ends."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the process, and returns once it has ended."""
        with self._turn:
            self._stopping.set()
            self._process.terminate()
        if self._thread.ident is not None:
            self._thread.join()
        self._end()

    def _revive(self) -> None:
        while True:
            self._process.wait()
            if self._stopping.wait(_REST):
                return
            with self._turn:
                if self._stopping.is_set():
                    return
                self._end()
                with suppress(OSError):  # no memory to start it in, yet
                    self._process = self._start()

    def _end(self) -> None:
        with self._process:  # waits, and closes our end of its pipe
            pass
