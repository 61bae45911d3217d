"""Worlds to simulate that others bring: they join by name, as commands join `teller`."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from engine.errors import Misconfigured
from training.simulation.world import World

_GROUP = "teller.worlds"  # each a function of a directory to keep things in, which gives a `Grown`


class Grown(Protocol):
    """A world but for what chance makes of it. `model`: the artefact of a logistic model trained
    in it, or None."""

    @property
    def model(self) -> bytes | None: ...
    def world(self, seed: int) -> World: ...


def grow(name: str, data: Path) -> Grown:
    """The world that joined as `name`. Raises Misconfigured where none did, and as that world."""
    joined = {one.name: one for one in entry_points(group=_GROUP)}
    if name not in joined:
        raise Misconfigured(f"no world is called {name!r}: say {' or '.join(('small', *joined))}")
    grown: Grown = joined[name].load()(data)
    return grown
