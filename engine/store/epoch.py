"""Telling a store that came back empty from one that always was.

Every partition holds an epoch key; its twin is a small file in the data directory. Where
the two differ the state is unknown, until an operator accepts what there is.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import msgspec

from engine.errors import Misconfigured, StateUnknown
from engine.files import own_directory
from engine.partitions import PARTITIONS
from engine.store.keys import epoch_key, slot_of
from engine.store.scripts import checked
from engine.store.servers import Routed, Servers

_ALL = range(PARTITIONS)


class _Twin(msgspec.Struct, frozen=True):
    epoch: str


class Epoch:
    """The epoch this process knows, from the twin file in `data`."""

    def __init__(self, data: Path) -> None:
        own_directory(data)
        self._file = data / "epoch.json"
        self.known = b""

    def open(self, servers: Servers) -> None:
        """Know the epoch: the twin's; without one, the store's; in an empty store, a new one."""
        with self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # workers that start at once: one marks, all know
            if not self._reread():
                self._meet(servers)

    def _meet(self, servers: Servers) -> None:
        """Get to know a store; the twin comes last, so that it speaks of a store all marked."""
        held = set(read_epochs(servers)) - {None}
        if len(held) > 1:
            raise StateUnknown(f"the store mixes {len(held)} epochs: {_ACCEPT}")
        if held:
            self._keep(held.pop() or b"")
        else:
            epoch = _first(servers)
            write_epochs(servers, epoch, unless_there=True)
            self._keep(epoch)

    def require(self, found: bytes | None) -> None:
        """StateUnknown unless a partition's epoch is the known one, or has since become it."""
        if found is None or (found != self.known and not self._has_become(found)):
            raise StateUnknown(
                "the store came back without the memory we knew, so what it holds is unknown: "
                f"restore it from a backup, or {_ACCEPT}"
            )

    def _has_become(self, found: bytes) -> bool:
        try:
            return self._reread() and found == self.known
        except Misconfigured as error:  # damaged since the start
            raise StateUnknown(str(error)) from error

    def accept(self, servers: Servers) -> int:
        """Take the store as it is: the epoch it holds, else the known one, everywhere.

        Returns how many partitions had another epoch or none.
        """
        self._reread()
        held = read_epochs(servers)
        agreed = set(held) - {None}
        epoch = agreed.pop() if len(agreed) == 1 else self.known
        epoch = epoch or _new()
        write_epochs(servers, epoch, unless_there=False)
        self._keep(epoch)
        return sum(found != self.known for found in held)

    def _reread(self) -> bool:
        """Whether there is a twin; an operator may have changed it in another process."""
        try:
            text = self._file.read_bytes()
            self.known = msgspec.json.decode(text, type=_Twin).epoch.encode()
        except FileNotFoundError:
            return False
        except msgspec.DecodeError as error:
            raise Misconfigured(
                f"{self._file} is damaged: restore it, or remove it to take the store as it is"
            ) from error
        return True

    def _keep(self, epoch: bytes) -> None:
        """The twin, on disk before anything relies on it."""
        fresh = self._file.with_suffix(f".{os.getpid()}")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(_Twin(epoch.decode())))
            os.fsync(file.fileno())
        fresh.replace(self._file)
        self.known = epoch


_ACCEPT = "run `teller accept-store` to go on with what is there"


def read_epochs(servers: Servers) -> list[bytes | None]:
    """Each partition's epoch, None where it has none."""
    commands: Sequence[Routed] = [(slot_of(of), ("GET", epoch_key(of))) for of in _ALL]
    return [checked(answer) for answer in servers.read_all(commands)]


def write_epochs(servers: Servers, epoch: bytes, *, unless_there: bool) -> None:
    """Set every partition's epoch."""
    how = ("NX",) if unless_there else ()
    commands = [(slot_of(of), ("SET", epoch_key(of), epoch, *how)) for of in _ALL]
    for answer in servers.write_all(commands):
        checked(answer)


def _new() -> bytes:
    return uuid4().hex.encode()


def _first(servers: Servers) -> bytes:
    """A new epoch; of several processes that start at once, the first one's."""
    slot, key = slot_of(0), epoch_key(0)
    checked(servers.write(slot, ("SET", key, _new(), "NX"), None))
    return bytes(checked(servers.read(slot, ("GET", key), None)))
