"""Every catalogue version that ever served, by digest, so that its decisions can be replayed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from engine.catalogue import Catalogue
from engine.catalogue.versions import encode
from engine.errors import CatalogueRefused, ModelRefused, NotFound
from engine.files import own_directory, write_once
from engine.services.ports import Models
from engine.situation import Live

_FEW = 8


class Versions:
    """Keeps versions in `<data>/catalogues`, and makes what was live then live again."""

    def __init__(
        self,
        data: Path,
        compile_version: Callable[[bytes, str], Catalogue],
        models: Models,
    ) -> None:
        self._home = data / "catalogues"
        self._compile = compile_version
        self._models = models
        self._again = lru_cache(maxsize=_FEW)(self._make_live)

    def keep(self, catalogue: Catalogue) -> None:
        """Keep what the catalogue was compiled from; whole, on disk, before it goes live."""
        path = self._path(catalogue.digest)
        if not path.exists():
            own_directory(self._home)
            kept = encode(catalogue.digest, catalogue.files, catalogue.predicate_source)
            write_once(path, kept)

    def live_of(self, catalogue: str, models: Mapping[str, str]) -> Live:
        """A catalogue and models by their digests. Raises NotFound when one is not kept here."""
        return self._again(catalogue, tuple(sorted(models.items())))

    def _make_live(self, digest: str, models: tuple[tuple[str, str], ...]) -> Live:
        path = self._path(digest)
        if not path.exists():
            raise NotFound(f"the catalogue {digest} is not kept in {self._home}")
        try:
            catalogue = self._compile(path.read_bytes(), digest)
            return self._models.bind(catalogue, dict(models))
        except (CatalogueRefused, ModelRefused) as error:
            raise NotFound(f"what decided cannot be made again: {error}") from error

    def _path(self, digest: str) -> Path:
        return self._home / digest.removeprefix("sha256:")
