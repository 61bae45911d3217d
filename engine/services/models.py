"""The registry's champions, bound to a catalogue's actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Protocol

from engine.catalogue import Catalogue
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.situation import Live

PROPENSITY = "propensity"
_FEW = 4


class Registry(Protocol):
    """Where models are kept."""

    def names(self) -> list[str]: ...
    def versions(self, name: str) -> list[str]: ...
    def aliases(self, name: str) -> dict[str, str]: ...
    def load(self, name: str, digest: str) -> Model: ...


class RegisteredModels:
    """Which model serves: the champion named `propensity`, and until there is one, the prior.

    The last few stay in memory: one that serves goes on serving whatever becomes of its file.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._load = lru_cache(maxsize=_FEW)(registry.load)

    def champions(self) -> Mapping[str, str]:
        """Digests by model name. Raises ModelRefused, StoreUnavailable."""
        champion = self._registry.aliases(PROPENSITY).get("champion")
        return {PROPENSITY: champion or UNTRAINED.version}

    def bind(self, catalogue: Catalogue, versions: Mapping[str, str]) -> Live:
        """The catalogue with those versions; a memory that goes as far back as they look.

        Raises ModelRefused, NotFound.
        """
        digest = versions.get(PROPENSITY, UNTRAINED.version)
        untrained = digest == UNTRAINED.version
        model = UNTRAINED if untrained else self._load(PROPENSITY, digest)
        prior = UNTRAINED.bind(catalogue.actions)
        scorer = prior if untrained else model.bind(catalogue.actions)
        remembering = replace(catalogue, retention=max(catalogue.reach, model.reach))
        return Live(remembering, scorer, prior, {PROPENSITY: digest})

    def listing(self) -> dict[str, tuple[list[str], dict[str, str]]]:
        """Versions and aliases by model name."""
        return {
            name: (self._registry.versions(name), self._registry.aliases(name))
            for name in self._registry.names()
        }
