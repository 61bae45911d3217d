"""How we stand: able to decide or not, what serves, and whether a draft could."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from engine.catalogue import Catalogue
from engine.errors import CatalogueRefused
from engine.models.beta import UNTRAINED
from engine.models.routing import NOBODY, Alias, Aliases
from engine.models.verdict import Judgement
from engine.services.live.models import RegisteredModels
from engine.services.ports import Serving
from engine.wire.catalogues import CatalogueReply, CheckReply, fault_replies
from engine.wire.health import ReadyReply
from engine.wire.models import (
    ModelReply,
    ModelsReply,
    PromotionBody,
    PromotionReply,
    verdict_reply,
)

LISTED = 100
"""Versions of a model, the latest, that are told of beside those that serve or did: a learner
makes thousands."""


class Health(Protocol):
    """The store's own account of itself."""

    @property
    def ready(self) -> bool: ...
    @property
    def reason(self) -> str: ...


class Healthy(Protocol):
    """A store that can be asked how it is."""

    def health(self) -> Health: ...


class Door(Protocol):
    """Lets in what the gate has passed, see `engine.registry`."""

    def admit(
        self, name: str, version: str, alias: Alias, share: float | None, catalogue: str, now: int
    ) -> Judgement | None: ...


class Standing:
    """`/readyz`, `/v1/catalogue`, `/v1/catalogue/check`, `/v1/models`, promotion and rollback."""

    def __init__(
        self,
        store: Healthy,
        serving: Serving,
        models: RegisteredModels,
        door: Door,
        compile_files: Callable[[Mapping[str, bytes]], Catalogue],
    ) -> None:
        self._store = store
        self._serving = serving
        self._models = models
        self._door = door
        self._compile = compile_files

    def ready(self) -> ReadyReply:
        """Whether customers can be loaded, decided for and committed."""
        health = self._store.health()
        live = self._serving.live
        degraded = None if health.ready else health.reason
        return ReadyReply(health.ready, degraded, live.catalogue.digest, dict(live.versions))

    def catalogue(self) -> CatalogueReply:
        """The catalogue that serves now."""
        catalogue = self._serving.live.catalogue
        return CatalogueReply(
            catalogue.digest,
            len(catalogue.actions),
            sorted(catalogue.placements),
            fault_replies(catalogue.warnings),
        )

    def check(self, files: Mapping[str, bytes]) -> CheckReply:
        """Whether a draft may serve, and all its faults; it is never kept."""
        try:
            catalogue = self._compile(files)
        except CatalogueRefused as refused:
            return CheckReply(False, None, fault_replies(refused.faults), [])
        return CheckReply(True, catalogue.digest, [], fault_replies(catalogue.warnings))

    def models(self) -> ModelsReply:
        """All models, as this process serves them."""
        return listed(self._models, self._serving.live.versions)

    def promote(self, name: str, asked: PromotionBody) -> PromotionReply:
        """Have a version serve, if the gate has let it through beside the champion and under the
        catalogue that serve now; workers follow within seconds. Raises NotFound, NotLetIn."""
        self._models.check(name)
        digest, now = self._serving.live.catalogue.digest, time.time_ns() // 1_000_000
        share = asked.share or None
        word = self._door.admit(name, asked.version, asked.alias, share, digest, now)
        return PromotionReply(verdict_reply(word), self.models().models)

    def roll_back(self, name: str) -> ModelsReply:
        """The champion before for everyone; workers follow within seconds. Raises NotFound."""
        self._models.roll_back(name)
        return self.models()


def listed(models: RegisteredModels, serving: Mapping[str, str]) -> ModelsReply:
    """All models, their latest versions, aliases and earlier champions, and which is `serving`."""
    return ModelsReply(
        [
            ModelReply(
                name,
                _latest(versions, aliases),
                len(versions),
                aliases.versions(),
                serving.get(name),
                aliases.share,
                [version for version in aliases.previous if version != NOBODY],
                UNTRAINED.version if aliases.before == NOBODY else aliases.before,
            )
            for name, (versions, aliases) in models.listing().items()
        ]
    )


def _latest(versions: Sequence[str], aliases: Aliases) -> list[str]:
    """The latest, and however old those that an alias means or that were champions before."""
    named = {*aliases.versions().values(), *aliases.previous}
    return [one for place, one in enumerate(versions) if place < LISTED or one in named]
