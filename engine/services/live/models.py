"""The registry's models, bound to a catalogue's actions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from engine.catalogue import Catalogue
from engine.errors import NotFound
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.models.routing import Aliases, Routing
from engine.situation import PROPENSITY, Live, bound

_FEW = 8


class Registry(Protocol):
    """Where models are kept."""

    def names(self) -> list[str]: ...
    def versions(self, name: str) -> list[str]: ...
    def table(self, name: str) -> Aliases: ...
    def load(self, name: str, digest: str) -> Model: ...
    def roll_back(self, name: str) -> Aliases: ...


class RegisteredModels:
    """Which versions of the model named `propensity` serve whom; without any, the prior does.

    The last few stay in memory: one that serves goes on serving whatever becomes of its file.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._load = lru_cache(maxsize=_FEW)(registry.load)

    def routing(self) -> Routing:
        """Who decides for whom. Raises ModelRefused, StoreUnavailable."""
        return self._registry.table(PROPENSITY).routing()

    def load(self, digest: str | None) -> Model:
        """A version of the propensity; None is the prior. Raises ModelRefused, NotFound."""
        if digest is None or digest == UNTRAINED.version:
            return UNTRAINED
        return self._load(PROPENSITY, digest)

    def bind(self, catalogue: Catalogue, versions: Mapping[str, str]) -> Live:
        """The catalogue with those versions. Raises ModelRefused, NotFound."""
        return bound(catalogue, self.load(versions.get(PROPENSITY)))

    def listing(self) -> dict[str, tuple[list[str], Aliases]]:
        """Versions and aliases by model name."""
        return {
            name: (self._registry.versions(name), self._registry.table(name))
            for name in self._registry.names()
        }

    def roll_back(self, name: str) -> None:
        """The champion before for everyone. Raises NotFound, StoreUnavailable."""
        self.check(name)
        self._registry.roll_back(name)

    def check(self, name: str) -> None:
        """Raises NotFound for a model there is none of."""
        if name not in self._registry.names():
            raise NotFound(f"no model {name!r:.80}")
