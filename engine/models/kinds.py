"""The kinds of model there are: a further algorithm is a file, and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from pkgutil import resolve_name

from engine.errors import ModelRefused
from engine.models.base import Model
from engine.spelling import meant

KINDS: Mapping[str, str] = {
    "beta": "engine.models.beta:parse_beta",
    "logistic": "engine.models.logistic:parse_logistic",
    "online": "engine.models.online.model:parse_online",
    "trees": "engine.models.trees:parse_trees",
}
"""Where each is read; loaded with the first model of its kind, for some are large to load."""


def load_kinds() -> None:
    """All of them beforehand, so that no decision waits for the first model of a kind."""
    for place in KINDS.values():
        resolve_name(place)


def parse_model(kind: str, artefact: bytes, version: str | None = None) -> Model:
    """A model from an artefact whose digest has been verified.

    `version` is what decisions are logged under; by default the artefact's own digest.
    Raises ModelRefused for an unknown kind and for anything unfit to serve.
    """
    if kind not in KINDS:
        hint = meant(kind, KINDS) or f"one of {', '.join(sorted(KINDS))}"
        raise ModelRefused(f"no kind of model '{kind[:60]}'; {hint}")
    parse: Callable[[bytes, str], Model] = resolve_name(KINDS[kind])
    return parse(artefact, version or f"sha256:{sha256(artefact).hexdigest()}")
