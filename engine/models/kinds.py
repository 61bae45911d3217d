"""The kinds of model there are: a further algorithm is a file, and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from hashlib import sha256

from engine.errors import ModelRefused
from engine.models.base import Model
from engine.models.beta import parse_beta
from engine.models.logistic import parse_logistic
from engine.models.online.model import parse_online
from engine.models.trees import parse_trees

KINDS: Mapping[str, Callable[[bytes, str], Model]] = {
    "beta": parse_beta,
    "logistic": parse_logistic,
    "online": parse_online,
    "trees": parse_trees,
}


def parse_model(kind: str, artefact: bytes, version: str | None = None) -> Model:
    """A model from an artefact whose digest has been verified.

    `version` is what decisions are logged under; by default the artefact's own digest.
    Raises ModelRefused for an unknown kind and for anything unfit to serve.
    """
    parse = KINDS.get(kind)
    if parse is None:
        near = get_close_matches(kind, KINDS, 1) or sorted(KINDS)
        raise ModelRefused(f"no kind of model '{kind[:60]}'; did you mean {' or '.join(near)}?")
    return parse(artefact, version or f"sha256:{sha256(artefact).hexdigest()}")
