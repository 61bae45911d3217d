"""What a version says of itself, and with which key that was signed."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version

import msgspec
from msgspec import Struct

from engine.errors import ModelRefused, WrongLibrary
from engine.registry.shelf import within

LARGEST_ARTEFACT = 64 * 2**20
LARGEST_MANIFEST = 2**20

_LIBRARIES = ("msgspec", "numpy", "scikit-learn", "scipy", "pandas")
_SIGNED = b"teller.model.1"


class Manifest(Struct, frozen=True, forbid_unknown_fields=True, tag="teller.model.1"):
    """What a version is. `libraries` are those it was made with; those named in `exact` must
    be the very same versions where it serves. `metadata` is the data scientist's own."""

    name: str
    kind: str
    size: int
    sha256: str
    libraries: dict[str, str] = {}
    exact: tuple[str, ...] = ()
    metadata: dict[str, object] = {}

    def accept(self, artefact: bytes, digest: str) -> None:
        """Raises ModelRefused for an artefact that is not the one this tells of."""
        if len(artefact) != self.size or _hex(artefact) != self.sha256:
            raise ModelRefused(
                f"model '{self.name}' {digest}: the artefact is not what was published"
            )

    def check_libraries(self) -> None:
        """Raises WrongLibrary where a library of `exact` is not the version it was made with."""
        here = _libraries(self.exact)
        for name in self.exact:
            made, found = self.libraries.get(name), here.get(name, "none")
            if made != found:
                raise WrongLibrary(
                    f"model '{self.name}' was made with {name} {made}, here is {found}: "
                    f"install {name}=={made}, or train it again"
                )


def write_manifest(
    name: str,
    kind: str,
    artefact: bytes,
    metadata: Mapping[str, object] | None,
    exact: Sequence[str],
) -> bytes:
    """The manifest of an artefact made here, as kept. Raises ModelRefused for one too large."""
    libraries = _libraries({*_LIBRARIES, *exact})
    manifest = Manifest(
        name, kind, len(artefact), _hex(artefact), libraries, tuple(exact), dict(metadata or {})
    )
    written = msgspec.json.encode(manifest, order="deterministic")
    within(len(written), LARGEST_MANIFEST, "manifest")
    return written


def read_manifest(written: bytes, name: str, digest: str) -> Manifest:
    """A manifest whose digest is verified here, and then its words. Raises ModelRefused."""
    if digest_of(written) != digest:
        raise ModelRefused(f"model '{name}' {digest}: the manifest is not what was published")
    try:
        manifest = msgspec.json.decode(written, type=Manifest)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ModelRefused(f"model '{name}' {digest}: no manifest of ours: {error}") from error
    if manifest.name != name:
        raise ModelRefused(f"model '{name}' {digest} was published as '{manifest.name}'")
    return manifest


def digest_of(manifest: bytes) -> str:
    """What a version is known by."""
    return f"sha256:{_hex(manifest)}"


def signature(key: bytes, name: str, digest: str) -> bytes:
    """A keyed hash that says: who holds `key` put this version here."""
    said = b"\0".join((_SIGNED, name.encode(), digest.encode()))
    return hmac.digest(key, said, "sha256").hex().encode()


def _hex(content: bytes) -> str:
    return sha256(content).hexdigest()


def _libraries(names: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted(names):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
