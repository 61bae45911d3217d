"""What the gate and its commands are given of a house."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from engine.registry import Registry
from engine.store import Store


class House(NamedTuple):
    """A house's data directory, store and models."""

    data: Path
    store: Store
    registry: Registry
