"""Inner loops as machine code: numba translates a function when its module is imported.

A process that will call few of them, if any, says beforehand that they are translated
`when_called`: numba and all there is to load take a second and 140 MB. Who serves or learns has
them at hand from the start.
Indices are not checked: who calls has seen to it that they stand within. What is kept of a function
goes by its own file (`engine.translation`) and no other: so such a function knows no name that its
module imports from the house.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_TURN = RLock()


class _Process:
    when_called = False


def when_called() -> None:
    """Has what this process imports from now on translated when it is first called. Later calls
    from other modules take a step in between, some 0.1 µs: not for who serves or learns."""
    _Process.when_called = True


def compiled(signature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For types such as `float32[::1](float32[:, ::1], int64)`: no others are taken, and an
    array in another order or type is a TypeError. Divides by zero as numpy does."""

    def marked(function: Callable[P, R]) -> Callable[P, R]:
        later = _Later(function, signature)
        return later if _Process.when_called else later.translated

    return marked


class _Later(Generic[P, R]):
    """A function that is translated when it is first called."""

    def __init__(self, function: Callable[P, R], signature: str) -> None:
        self._function = function
        self._signature = signature
        self._made: Callable[P, R] | None = None
        self._written = _written(function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.translated(*args, **kwargs)

    @property
    def translated(self) -> Callable[P, R]:
        """The function as machine code, by which its module knows it from now on. Threads that call
        it first at once share one translation: from Python 3.12 on, each would make its own."""
        with _TURN:
            self._made = self._made or self._translate()
            return self._made

    def _translate(self) -> Callable[P, R]:
        """Those of its module that it calls come first: machine code calls nothing else."""
        from engine.translation import translated  # noqa: PLC0415 - numba, see above

        known = self._function.__globals__
        for name in self._function.__code__.co_names:
            if isinstance(called := known.get(name), _Later):
                known[name] = called.translated
        known[self._function.__name__] = made = translated(
            self._function, self._signature, lasting=self._unchanged
        )
        return made

    @property
    def _unchanged(self) -> bool:
        """Whether its file is what was loaded: after an upgrade since, what is in memory would be
        kept as if it were of the new source."""
        return self._written is not None and self._written == _written(self._function)


def _written(function: Callable[..., object]) -> int | None:
    """When the function's file was written, in ns; nothing where there is none."""
    try:
        return Path(function.__code__.co_filename).stat().st_ctime_ns
    except OSError:
        return None
