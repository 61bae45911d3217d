"""The registry's files: read only when plain and of bounded size, written whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from engine.errors import ModelRefused, ModelTooLarge
from engine.files import own_directory, sync


def within(size: int, largest: int, what: str) -> None:
    """Raises ModelTooLarge for what is larger, in bytes."""
    if size > largest:
        raise ModelTooLarge(f"{what} of {size:,} bytes; at most {largest:,}")


def read(path: Path, largest: int) -> bytes:
    """A plain file of bounded size: no link, no pipe, nothing that grows while it is read.

    Raises ModelRefused.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise ModelRefused(f"{path} cannot be read as a plain file: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise ModelRefused(f"{path} is not a plain file")
        within(facts.st_size, largest, str(path))
        content = file.read(largest + 1)
    within(len(content), largest, str(path))
    return content


def keep(home: Path, files: Mapping[str, bytes]) -> None:
    """Write a version whole or not at all; the same version may be written any number of times."""
    own_directory(home.parent)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=home.parent) as made:
        for name, content in files.items():
            _write(Path(made) / name, content)
        if all(_same(home / name, files[name]) for name in files):
            return
        if home.exists():  # damaged: what was published once may be published again
            shutil.rmtree(home)
        Path(made).chmod(0o755)
        Path(made).rename(home)
    sync(home.parent)


def made(home: Path) -> int:
    """When a version was written, ns; 0 of one that was let go meanwhile."""
    try:
        return home.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def put(path: Path, content: bytes) -> None:
    """Write a file in the place of what was there."""
    fresh = path.with_suffix(".new")
    _write(fresh, content)
    fresh.replace(path)
    sync(path.parent)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """One change of a model's aliases at a time, so that none undoes another's."""
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _same(path: Path, content: bytes) -> bool:
    return path.is_file() and not path.is_symlink() and path.read_bytes() == content


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
