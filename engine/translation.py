"""Python functions into machine code, by numba, and what is kept of them.

What was translated is kept beside the source or in the user's cache, so that only a machine's
first process waits for it; where neither can be written, every process translates for itself.
It is kept under a name that holds a digest of all it was made from, so that nothing of an older
install is ever run, wherever an upgrade was cut short; what was cut short itself as a machine went
down is thrown away and translated anew. What no source has any more goes a month after it was made.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from inspect import getfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, ParamSpec, TypeVar, cast

import numba
import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

_LOOSE = {"reassoc", "contract", "nsz"}
"""Sums may be worked out in another order, several terms at once. What is NaN or infinite stays
so, and a machine works out the same every time."""

_HALF = EOFError, UnpicklingError, ImportError
"""What it is to read half a file, or one whose other half is zeros."""

_MONTH = 30 * 24 * 3600
"""Seconds. What is younger may be in use by another install: of the version before, while servers
are exchanged one by one, or with other versions of numba or numpy."""


def translated(function: Callable[P, R], signature: str, *, lasting: bool) -> Callable[P, R]:
    """The function for the signature's types, kept if it is `lasting` and there is where to."""

    def made(*, kept: bool) -> Any:
        translator = numba.njit(signature, cache=kept, fastmath=_LOOSE, error_model="numpy")
        return translator(function)

    try:
        function.__qualname__ += f"-{_digest(getfile(function))}"
        if not (lasting and _lasting()):
            return cast("Callable[P, R]", made(kept=False))
        try:
            code = made(kept=True)
        except _HALF:
            _throw_away(function)
            code = made(kept=True)
    except (RuntimeError, OSError, *_HALF):  # no place, or no room
        return cast("Callable[P, R]", made(kept=False))
    if code.stats.cache_misses:
        with suppress(OSError):
            _clear(Path(code.stats.cache_path), Path(getfile(function)).parent)
    return cast("Callable[P, R]", code)


@cache
def _digest(file: str) -> str:
    """Of all that a function of the file is translated from."""
    sources = Path(file).read_bytes(), Path(__file__).read_bytes()
    versions = f"{numba.__version__} {np.__version__}".encode()
    return blake2b(b"\0".join((versions, *sources)), digest_size=8).hexdigest()


def _throw_away(function: Callable[..., Any]) -> None:
    """What is kept of the function."""
    kept = Path(cast("str", numba.njit(cache=True)(function).stats.cache_path))
    for file in kept.glob(f"*.{function.__qualname__}-*"):
        file.unlink(missing_ok=True)


@cache
def _clear(kept: Path, sources: Path) -> None:
    """Lets go what is kept there of no file in `sources`, where it is old. Another process may do
    the same at the same time, or read it: it then finds nothing, and translates."""
    present = [_digest(str(file)) for file in sources.glob("*.py")]
    made = {file: file.stat().st_mtime for file in kept.glob("*.nb[ic]*")}
    for file, when in made.items():
        if when < max(made.values()) - _MONTH and not any(one in file.name for one in present):
            file.unlink(missing_ok=True)


def _lasting() -> bool:
    """Whether there is a place that is the user's. Without a home it would be a folder `~` of
    wherever the process was started, and what is kept is run."""
    try:
        return bool(vars(numba.config)["CACHE_DIR"]) or Path("~").expanduser().is_absolute()
    except RuntimeError:
        return False
