"""Candidate policies in words - another catalogue, another model - made into what would decide."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from engine.catalogue import Catalogue
from engine.directory import Compiler, read_directory
from engine.errors import Misconfigured, ModelRefused
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.record import DecisionRecord
from engine.registry import Registry
from engine.situation import PROPENSITY, Live, bound

_FEW = 16

Decides = Callable[[DecisionRecord], Live]
"""What would have decided in place of what did."""


class Candidate(NamedTuple):
    """A policy by its name."""

    name: str
    decides: Decides


class Candidates:
    """The policies of one house. `rules` names the module of its `@rule` functions."""

    def __init__(self, catalogue: Path, registry: Registry, rules: str | None = None) -> None:
        """Raises CatalogueRefused, Misconfigured, OSError."""
        self._compiler = Compiler(rules)
        self._registry = registry
        self.catalogue = self._compiled(catalogue)
        self._load = lru_cache(maxsize=_FEW)(self._loaded)

    def named(self, word: str) -> Candidate:
        """`catalogue:DIR`: its rules, levers and caps, with the model that did decide;
        `model:NAME[@ALIAS or @DIGEST]`: that model, under the house's catalogue.

        Raises Misconfigured, CatalogueRefused, NotFound, ModelRefused.
        """
        kind, _, rest = word.partition(":")
        if kind == "catalogue" and rest:
            return self.under(word, self._compiled(Path(rest)))
        if kind == "model" and rest:
            name, _, version = rest.partition("@")
            digest = self._registry.resolve(name, version or "champion")
            return self.of_model(word, self._registry.load(name, digest))
        raise Misconfigured(
            f"policy {word!r}: say catalogue:DIR, or model:NAME, model:NAME@ALIAS, "
            "model:NAME@DIGEST"
        )

    def of_model(self, name: str, model: Model) -> Candidate:
        """That model, under the house's catalogue."""
        live = bound(self.catalogue, model)
        return Candidate(name, lambda _: live)

    def under(self, name: str, catalogue: Catalogue) -> Candidate:
        """That catalogue, with whatever model did decide."""

        @lru_cache(maxsize=_FEW)
        def bind(digest: str) -> Live:
            return bound(catalogue, self._load(digest))

        return Candidate(name, lambda record: bind(_model_of(record)))

    def _compiled(self, directory: Path) -> Catalogue:
        if not directory.is_dir():
            raise Misconfigured(f"the catalogue {str(directory)!r} is not a directory")
        return self._compiler.files(read_directory(directory))

    def _loaded(self, digest: str) -> Model:
        if digest == UNTRAINED.version:
            return UNTRAINED
        try:
            return self._registry.load(PROPENSITY, digest)
        except ModelRefused as error:
            raise ModelRefused(
                f"decisions of the log were made with {PROPENSITY} {digest}, which does not load "
                f"here: {error}. Judge by later ones: --latest N takes the last N"
            ) from error


def _model_of(record: DecisionRecord) -> str:
    return record.models.get(PROPENSITY, UNTRAINED.version)
