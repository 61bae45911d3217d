"""What serves just now: the directory's catalogue and the models of the house, watched.

A change is taken whole or refused: it is read, checked, kept for replay, and then goes live
by one assignment. A bad one is reported with all its faults while the old one serves on (I13).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import structlog

from engine.catalogue import Catalogue
from engine.directory import read_directory
from engine.errors import CatalogueRefused, ModelRefused, NotFound, StoreUnavailable
from engine.models.routing import Routing
from engine.services.live.routed import Routed, routed
from engine.services.live.versions import Versions
from engine.services.ports import Models, Watch

POLL = 1.0  # seconds between looks at the directory

_log = structlog.get_logger()


class Served:
    """Holds `live`, and follows the directory and the registry while `watching`."""

    def __init__(
        self,
        directory: Path,
        compile_files: Callable[[Mapping[str, bytes]], Catalogue],
        models: Models,
        versions: Versions,
        watch: Watch,
    ) -> None:
        """Reads and takes the first catalogue. Raises CatalogueRefused, ModelRefused."""
        self._directory = directory
        self._compile = compile_files
        self._models = models
        self._versions = versions
        self._watch = watch
        files = read_directory(directory)
        self._looked_at = self._settling = _digest(files)
        self._routing = models.routing()
        self._refused: Routing | None = None
        self._waiting: Catalogue | None = None
        self._put(self._first(compile_files(files)))

    def follow(self, stopped: threading.Event) -> None:
        """Look about every second until `stopped`; for a thread of its own."""
        while not stopped.wait(POLL):
            self.look()

    def look(self) -> None:
        """Take a changed catalogue or model, or refuse it and say why; let the shadow predict."""
        self._guard("catalogue", self._look_at_directory)
        self._guard("model", self._look_at_models)
        if self._shadow is not None:
            self._guard("shadow", self._shadow.look)

    def _guard(self, what: str, look: Callable[[], None]) -> None:
        try:
            look()
        except CatalogueRefused as refused:
            faults = [str(fault) for fault in refused.faults]
            _log.error("catalogue refused", faults=faults, serving=self.live.catalogue.digest)
            self._watch.reloaded(what, taken=False)
        except OSError as error:
            _log.error(f"{what} not read or kept", error=str(error))
            self._watch.reloaded(what, taken=False)
        except Exception:  # noqa: BLE001 (whatever this one broke, the next change must be seen)
            _log.exception(f"{what} not taken", serving=self.live.catalogue.digest)
            self._watch.reloaded(what, taken=False)

    def _look_at_directory(self) -> None:
        files = read_directory(self._directory)
        digest = _digest(files)
        if digest != self._settling:  # still being written, for all we know: look again
            self._settling = digest
            return
        if digest != self._looked_at:
            self._looked_at = digest
            self._waiting = None
            self._waiting = self._compile(files)
        if self._waiting is not None:  # also where it could not be bound or kept last time
            self._take("catalogue", self._waiting, self._routing)

    def _look_at_models(self) -> None:
        try:
            routing = self._models.routing()
        except (StoreUnavailable, ModelRefused) as error:
            self._refuse_models(str(error))
            return
        if routing not in (self._routing, self._refused):
            self._take("model", self.live.catalogue, routing)

    def _take(self, what: str, catalogue: Catalogue, routing: Routing) -> None:
        try:
            taken = self._bound(catalogue, routing)
        except (ModelRefused, NotFound) as error:
            self._refused = routing
            self._refuse_models(str(error))
            return
        self._put(taken)
        self._routing = routing
        self._refused = self._waiting = None
        self._watch.reloaded(what, taken=True)
        models = {f"{alias} {version}": share for (alias, version), share in taken.shares.items()}
        _log.info(f"{what} live", catalogue=catalogue.digest, models=models)

    def _put(self, taken: Routed) -> None:
        self.live = taken.live
        self._shadow = taken.shadow
        self._watch.serving(taken.shares)

    def _refuse_models(self, error: str) -> None:
        _log.error("model refused", error=error, serving=dict(self.live.versions))
        self._watch.reloaded("model", taken=False)

    def _first(self, catalogue: Catalogue) -> Routed:
        """What to begin with. Nobody chose the learner's latest, and it makes another: where that
        is lost or damaged, the prior serves till then."""
        try:
            return self._bound(catalogue, self._routing)
        except (ModelRefused, NotFound) as error:
            if self._routing.champion != self._routing.learned:
                raise
            _log.error("the learner's latest left out", error=str(error))
            self._refused = self._routing
            self._routing = self._routing._replace(champion=None)
            return self._bound(catalogue, self._routing)

    def _bound(self, catalogue: Catalogue, routing: Routing) -> Routed:
        """All of it, bound; the catalogue's version is kept before it goes live."""
        taken = routed(catalogue, routing, self._models, self._watch)
        self._versions.keep(catalogue)
        return taken


def _digest(files: Mapping[str, bytes]) -> str:
    content = sha256()
    for name, data in sorted(files.items()):
        content.update(f"{name}\0{len(data)}\0".encode())
        content.update(data)
    return content.hexdigest()
