"""Files that are there whole or not at all, whenever the process dies."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from tempfile import TemporaryFile

from engine.errors import Misconfigured

_KEY = 32  # bytes


def write_once(path: Path, content: bytes) -> bool:
    """Create `path` (0600) whole, unless it is there; whether this call created it."""
    if path.exists():
        return False
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    sync(path.parent)
    return True


def made_once(path: Path, content: bytes) -> tuple[bytes, bool]:
    """What is in `path`, and whether this call put it there: `content`, unless it is there, its
    directory too. Raises Misconfigured for what cannot be read, or made."""
    try:
        own_directory(path.parent)
        fresh = write_once(path, content)
        return path.read_bytes(), fresh
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be read, or made where there is none ({error.strerror})"
        ) from error


def own_directory(path: Path) -> None:
    """Make a directory that only its owner may enter (0700), unless it is there, and whatever is
    missing on the way to it: `mkdir` would leave that open to all."""
    if not path.exists():
        own_directory(path.parent)
        path.mkdir(exist_ok=True, mode=0o700)


def data_directory(data: Path) -> None:
    """Make a house's data directory, unless it is there. Raises Misconfigured where nothing can be
    kept in it."""
    try:
        own_directory(data)
        with TemporaryFile(dir=data, buffering=0) as file:
            file.write(b"\0")  # where the disk is full, the file can be made and nothing more
    except OSError as error:
        raise Misconfigured(
            f"nothing can be kept in the data directory {data} ({error.strerror}): let this user "
            "write there, or name another with --data or TELLER_DATA"
        ) from error


def exposed(data: Path) -> list[str]:
    """A warning where somebody else may write in a house's data directory."""
    held = data.stat()
    if held.st_uid in (0, os.geteuid()) and not held.st_mode & stat.S_IWOTH:
        return []
    return [
        f"OTHERS MAY WRITE IN THE DATA DIRECTORY {data}: who does chooses this server's keys, "
        "models and whom it remembers as erased; make it this user's, and chmod o-w"
    ]


def mine(path: Path) -> bool:
    """Whether a directory is this user's, and nobody else may write in it."""
    held = path.lstat()
    return (
        stat.S_ISDIR(held.st_mode)
        and held.st_uid == os.geteuid()
        and not held.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def kept_key(data: Path, name: str) -> bytes:
    """The 32 random bytes of `name`.key in the data directory, made when first asked for (0600).

    Raises Misconfigured where they cannot be read, or are damaged: what no key signs, anyone can.
    """
    path = data / f"{name}.key"
    key, _ = made_once(path, secrets.token_bytes(_KEY))
    if len(key) != _KEY:
        raise Misconfigured(
            f"{path} is damaged: it holds {len(key)} bytes where {_KEY} belong. Restore it; with "
            "a new one, what the old one signed or digested is known no more"
        )
    return key


def sync(path: Path) -> None:
    """Have a file, or the names in a directory, on disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unread(what: str, path: Path, error: Exception) -> Misconfigured:
    """What to raise where a file that somebody named cannot be read, or is not what it should be:
    `what` it is to us, and `error` says why."""
    if isinstance(error, FileNotFoundError):
        return Misconfigured(f"{what} {path}: there is no such file; looked in {Path.cwd()}")
    return Misconfigured(f"{what} {path}: {getattr(error, 'strerror', None) or error}")
