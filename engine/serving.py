"""What `teller serve` runs: an address of its own, and workers that know the settings."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from multiprocessing import parent_process, set_start_method
from multiprocessing.process import BaseProcess
from pkgutil import resolve_name
from threading import Event, Thread
from typing import Any

from granian import Granian
from granian.constants import Interfaces

from engine.errors import Misconfigured
from engine.settings import Settings

THREADS_A_WORKER = 2
GRACE = 8  # seconds; a worker told to stop while it starts never hears of it


def refuse_taken(host: str, port: int) -> None:
    """Misconfigured where we may not listen. The workers share their port, and would share it
    with whatever server listens there already: each would get some of the requests."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Misconfigured(
            f"cannot listen on port {port} of {host} ({error.strerror}): stop what listens "
            "there, or choose another --port or --host"
        ) from error


def pass_on(settings: Settings, url: str) -> None:
    """What the workers read: they start afresh and know only their environment."""
    os.environ["TELLER_CATALOGUE"] = str(settings.catalogue.resolve())
    os.environ["TELLER_DATA"] = str(settings.data.resolve())
    os.environ["TELLER_REDIS_URL"] = url
    os.environ["TELLER_RULES"] = settings.rules or ""
    os.environ["TELLER_ARCHIVE"] = settings.archive
    os.environ["TELLER_LOG_DAYS"] = str(settings.log_days)


def run(host: str, port: int, workers: int) -> None:
    """Serve until told to stop.

    Workers are spawned, not forked: the learner's threads are here already, and what one of them
    is importing at that moment its copy would wait for without end.
    """
    set_start_method("spawn", force=True)  # whoever had processes of their own has chosen already
    Granian(
        "api:from_environment",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        websockets=False,
        workers=workers,
        blocking_threads=THREADS_A_WORKER,
        workers_kill_timeout=GRACE,
        respawn_failed_workers=True,
        log_access=False,
    ).serve(target_loader=_application)


def _application(factory: str) -> Callable[..., Any]:
    """In a worker: what it serves, for no longer than the process lives that started it."""
    end_with_parent()
    application: Callable[..., Any] = resolve_name(factory)()
    return application


def end_with_parent() -> None:
    """Has this process live no longer than the one that started it."""
    if parent := parent_process():
        Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    """The other end of a pipe closes when the parent dies, however it dies: an orphan would
    answer on without a store, on a port that the next `teller serve` wants."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    Event().wait(GRACE)
    os.kill(os.getpid(), signal.SIGKILL)
