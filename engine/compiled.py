"""Inner loops as machine code: numba translates a function when its module is imported.

What was translated is kept beside the source or in the user's cache, so that only a machine's
first process waits for it; where neither can be written, or what is kept was cut short as a
machine went down, every process translates for itself.
Indices are not checked: who calls has seen to it that they stand within. What is kept is made
anew when its own file changes, not when another does: so such a function knows no name that its
module imports from the house.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")

_LOOSE = {"reassoc", "contract", "nsz"}
"""Sums may be worked out in another order, several terms at once. What is NaN or infinite stays
so, and a machine works out the same every time."""


def compiled(signature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For types such as `float32[::1](float32[:, ::1], int64)`: no others are taken, and an
    array in another order or type is a TypeError. Divides by zero as numpy does."""

    def translate(function: Callable[P, R]) -> Callable[P, R]:
        def made(*, kept: bool) -> Callable[P, R]:
            translator = numba.njit(signature, cache=kept, fastmath=_LOOSE, error_model="numpy")
            return cast("Callable[P, R]", translator(function))

        try:
            return made(kept=_lasting())
        except (RuntimeError, OSError, EOFError, UnpicklingError):  # no place, no room, or half
            return made(kept=False)

    return translate


def _lasting() -> bool:
    """Whether there is a place that is the user's. Without a home it would be a folder `~` of
    wherever the process was started, and what is kept is run."""
    try:
        return bool(vars(numba.config)["CACHE_DIR"]) or Path("~").expanduser().is_absolute()
    except RuntimeError:
        return False
