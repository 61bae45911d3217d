"""A learner's snapshots in the registry: published when they are worth it, kept for as long as
a decision that names them may be made again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from engine.domain import Action, Facts
from engine.errors import ModelRefused, NotFound
from engine.models.base import Model
from engine.models.checks import check_model
from engine.models.kinds import parse_model
from engine.models.online.learner import Learner
from engine.models.routing import LEARNED, Alias, Aliases
from engine.situation import PROPENSITY

KIND = "online"
BY = "online learner"
CHECKED = 8  # facts that a snapshot is held against


class Manifest(Protocol):
    """What a version says of itself."""

    @property
    def metadata(self) -> Mapping[str, object]: ...


class Registry(Protocol):
    """Where models are kept, see `engine.registry`."""

    def publish(
        self, name: str, kind: str, artefact: bytes, metadata: Mapping[str, object]
    ) -> str: ...
    def promote(self, name: str, digest: str, alias: Alias) -> Model: ...
    def load(self, name: str, digest: str) -> Model: ...
    def table(self, name: str) -> Aliases: ...
    def versions(self, name: str) -> Sequence[str]: ...
    def manifest(self, name: str, digest: str) -> Manifest: ...
    def drop(self, name: str, digest: str) -> None: ...


class Publisher:
    """Puts snapshots where workers take them from, and takes old ones away."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def publish(
        self,
        learner: Learner,
        actions: Sequence[Action],
        samples: Collection[Facts],
        metadata: Mapping[str, object],
    ) -> str:
        """Check a snapshot on these actions and facts, and have it served; its digest.

        Raises ModelRefused for one that must not serve, and StoreUnavailable.
        """
        artefact = msgspec.json.encode(learner.snapshot())
        check_model(parse_model(KIND, artefact), actions, list(samples)[-CHECKED:])
        digest = self._registry.publish(PROPENSITY, KIND, artefact, {"by": BY, **metadata})
        self._registry.promote(PROPENSITY, digest, LEARNED)
        return digest

    def trained(self) -> Model | None:
        """The champion, where it is one that was trained on customers and loads."""
        champion = self._registry.table(PROPENSITY).versions().get("champion")
        if champion is None:
            return None
        try:
            model = self._registry.load(PROPENSITY, champion)
        except (ModelRefused, NotFound):
            return None
        return None if model.kind in (KIND, "beta") else model

    def serving(self) -> set[str]:
        """The versions that decide now, or may again by one rollback."""
        table = self._registry.table(PROPENSITY)
        return {*table.versions().values(), *table.previous}

    def ours(self) -> set[str]:
        """Every snapshot there is, known to us or left by a learner that died."""
        return {
            digest for digest in self._registry.versions(PROPENSITY) if self._made_by(digest) == BY
        }

    def drop(self, digests: Collection[str]) -> None:
        """Let versions go that nothing can name any more."""
        for digest in digests:
            self._registry.drop(PROPENSITY, digest)

    def _made_by(self, digest: str) -> object:
        try:
            return self._registry.manifest(PROPENSITY, digest).metadata.get("by")
        except ModelRefused:
            return None
