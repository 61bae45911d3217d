"""Inner loops as machine code: numba translates a function when its module is imported.

What was translated is kept beside the source or in the user's cache, so that only a machine's
first process waits for it; where neither can be written, every process translates for itself.
It is kept under a name that holds a digest of all it was made from, so that nothing of an older
install is ever run, wherever an upgrade was cut short; what was cut short itself as a machine went
down is thrown away and translated anew.
Indices are not checked: who calls has seen to it that they stand within. The digest knows a
function's own file, and no other: so such a function knows no name that its module imports from
the house.
"""

from __future__ import annotations

from collections.abc import Callable
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


def compiled(signature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For types such as `float32[::1](float32[:, ::1], int64)`: no others are taken, and an
    array in another order or type is a TypeError. Divides by zero as numpy does."""

    def translate(function: Callable[P, R]) -> Callable[P, R]:
        def made(*, kept: bool) -> Callable[P, R]:
            translator = numba.njit(signature, cache=kept, fastmath=_LOOSE, error_model="numpy")
            return cast("Callable[P, R]", translator(function))

        try:
            function.__qualname__ += f"-{_digest(getfile(function))}"
            if not _lasting():
                return made(kept=False)
            try:
                return made(kept=True)
            except _HALF:
                _throw_away(function)
                return made(kept=True)
        except (RuntimeError, OSError, *_HALF):  # no place, or no room
            return made(kept=False)

    return translate


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


def _lasting() -> bool:
    """Whether there is a place that is the user's. Without a home it would be a folder `~` of
    wherever the process was started, and what is kept is run."""
    try:
        return bool(vars(numba.config)["CACHE_DIR"]) or Path("~").expanduser().is_absolute()
    except RuntimeError:
        return False
