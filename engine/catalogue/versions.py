"""A version of a catalogue: its digest, and how it is kept so that it can be compiled again.

The digest is of what the files say, not how they say it: comments, the order of keys and
the quoting of text leave it alone; the order of lists, the names of files, a table's rows,
the source of `@rule` and the version of the condition language do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from engine.errors import CatalogueRefused, Fault

LANGUAGE_VERSION = 1
"""Raised when a condition of the same text comes to mean something else."""


class KeptVersion(Struct, frozen=True, array_like=True):
    """A version as kept: its digest and all it was compiled from."""

    digest: str
    files: dict[str, bytes]
    predicate_source: bytes


def digest_of(content: Mapping[str, Any], predicate_source: bytes) -> str:
    """`sha256:…` of what the files hold (name to parsed content) and what goes with them."""
    canonical = msgspec.json.encode(
        (LANGUAGE_VERSION, content, predicate_source), order="deterministic"
    )
    return f"sha256:{sha256(canonical).hexdigest()}"


def encode(digest: str, files: Mapping[str, bytes], predicate_source: bytes) -> bytes:
    """A version to keep."""
    return msgspec.msgpack.encode(KeptVersion(digest, dict(files), predicate_source))


def decode(data: bytes, digest: str) -> KeptVersion:
    """The kept version with that digest. Raises CatalogueRefused when `data` is not it.

    What its content says is checked again by compiling it: `kept.compile_version`.
    """
    try:
        kept = msgspec.msgpack.decode(data, type=KeptVersion)
    except msgspec.DecodeError as error:
        raise CatalogueRefused([Fault("", 0, f"the kept version is damaged: {error}")]) from error
    if kept.digest != digest:
        raise CatalogueRefused([Fault("", 0, f"the kept version is {kept.digest}, not {digest}")])
    return kept
