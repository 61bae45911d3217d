"""The models of one house: kept, signed, loaded, and pointed at."""

from __future__ import annotations

import hmac
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from engine.errors import ModelRefused, ModelUnsigned, NotFound, StoreUnavailable
from engine.files import kept_key
from engine.models.base import Model
from engine.models.kinds import parse_model
from engine.models.routing import ALIASES, LEARNED, Alias, Aliases, read_aliases
from engine.registry.manifest import (
    LARGEST_ARTEFACT,
    LARGEST_MANIFEST,
    Manifest,
    digest_of,
    read_manifest,
    signature,
    write_manifest,
)
from engine.registry.shelf import alone, keep, made, put, read, within
from engine.spelling import meant

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HEX = 64


class Pointer(Protocol):
    """Where all workers of a house agree which version an alias means (the store)."""

    def get_aliases(self, name: str, /) -> Mapping[str, str]: ...

    def set_aliases(self, name: str, aliases: Mapping[str, str], /) -> None: ...


class Registry:
    """The models of one house; `pointer` (if any) has the last word on aliases, and the file
    beside the models speaks when it is silent or away."""

    def __init__(self, data: Path, pointer: Pointer | None = None) -> None:
        self._data = data
        self._root = data / "models"
        self._pointer = pointer

    def publish(
        self,
        name: str,
        kind: str,
        artefact: bytes,
        metadata: Mapping[str, object] | None = None,
        exact: Sequence[str] = (),
    ) -> str:
        """Keep a version, signed, and return its digest; the same content gives the same digest.

        Raises ModelRefused for an artefact that could not serve, and then keeps nothing.
        """
        self.home(name)
        within(len(artefact), LARGEST_ARTEFACT, "artefact")
        parse_model(kind, artefact)
        written = write_manifest(name, kind, artefact, metadata, exact)
        self._keep(name, digest_of(written), written, artefact)
        return digest_of(written)

    def adopt(self, name: str, digest: str, source: Path) -> None:
        """Take a version over from another data directory, and sign it for this house.

        Whoever calls vouches for the digest: it says what is taken, to the byte. Raises
        NotFound, ModelRefused; then nothing is kept.
        """
        path = Registry(source)._version(name, digest)
        written = read(path / "manifest.json", LARGEST_MANIFEST)
        manifest = read_manifest(written, name, digest)
        artefact = read(path / "artefact", LARGEST_ARTEFACT)
        _parsed(manifest, artefact, digest)
        self._keep(name, digest, written, artefact)

    def manifest(self, name: str, digest: str) -> Manifest:
        """What a version says of itself, verified. Raises NotFound, ModelRefused."""
        path = self._version(name, digest)
        written = read(path / "manifest.json", LARGEST_MANIFEST)
        if digest_of(written) == digest:
            self._require_signature(path, name, digest)
        return read_manifest(written, name, digest)

    def load(self, name: str, digest: str) -> Model:
        """A version, verified, then parsed. Raises NotFound, ModelRefused."""
        manifest = self.manifest(name, digest)
        return _parsed(manifest, self.artefact(name, digest), digest)

    def artefact(self, name: str, digest: str) -> bytes:
        """The bytes of a version, not yet verified. Raises NotFound, ModelRefused."""
        return read(self._version(name, digest) / "artefact", LARGEST_ARTEFACT)

    def home(self, name: str) -> Path:
        """Where all of a model is kept. Raises ModelRefused for what is no model's name."""
        if not _NAME.fullmatch(name):
            raise ModelRefused(
                f"'{name[:80]}' is no model's name: lower-case letters, digits, - and _, at most 64"
            )
        return self._root / name

    def signed(self, what: str, digest: str) -> bytes:
        """The house's word that it put there what has this digest."""
        return signature(kept_key(self._data, "model"), what, digest)

    def versions(self, name: str) -> list[str]:
        """Digests of all versions kept, the latest first."""
        home = self.home(name)
        if not home.is_dir():
            return []
        kept = {f"sha256:{path.name}": made(path) for path in home.iterdir()}
        known = filter(_DIGEST.fullmatch, kept)
        return sorted(known, key=lambda digest: (kept[digest], digest), reverse=True)

    def drop(self, name: str, digest: str) -> None:
        """Let a version go, unless an alias means it or meant it. Whoever asks knows that no
        decision made with it can be made again. Raises NotFound, ModelRefused."""
        path = self._version(name, digest)
        with alone(self.home(name)):
            table = self.table(name)
            if digest not in (*table.versions().values(), *table.previous):
                shutil.rmtree(path)

    def names(self) -> list[str]:
        """Names of all models kept, sorted."""
        if not self._root.is_dir():
            return []
        return sorted(path.name for path in self._root.iterdir() if _NAME.fullmatch(path.name))

    def table(self, name: str) -> Aliases:
        """What the aliases mean, as workers should serve it now. Raises ModelRefused."""
        return read_aliases(self._told(name))

    def untold(self, name: str) -> bool:
        """Whether nobody ever said what an alias means: once all was taken back, somebody did.
        Raises ModelRefused."""
        return not self._told(name)

    def aliases(self, name: str) -> dict[Alias, str]:
        """alias -> digest, as workers should serve it now."""
        return self.table(name).versions()

    def resolve(self, name: str, alias: str = "champion") -> str:
        """The digest an alias means, or the digest itself. Raises NotFound."""
        if alias not in ALIASES:
            self._version(name, alias)
            return alias
        digest = self.aliases(name).get(alias)
        if digest is None:
            if near := self._nearest(name):
                raise NotFound(f"no model '{name}'{near}")
            do = "its learner has to learn" if alias == LEARNED else "promote a version to it"
            raise NotFound(f"model '{name}' has no {alias}: {do} first")
        return digest

    def promote(
        self, name: str, digest: str, alias: Alias = "champion", share: float | None = None
    ) -> Model:
        """Make a version serve under an alias; one that does not load changes nothing.

        `digest` may be `learned`, which stands for whatever the learner publishes. `share` is
        the challenger's. Raises NotFound, ModelRefused, StoreUnavailable.
        """
        if alias not in ALIASES:
            raise NotFound(f"no alias '{alias}'; one of {', '.join(ALIASES)}")
        model = self.load(name, self.resolve(name, digest) if digest == LEARNED else digest)
        self.change(name, lambda table: table.promoted(digest, alias, share))
        return model

    def roll_back(self, name: str) -> Aliases:
        """The champion before for everyone. Raises NotFound when there was none."""
        return self.change(name, Aliases.rolled_back)

    def end(self, name: str, alias: Alias) -> Aliases:
        """Nothing serves under an alias any more."""
        return self.change(name, lambda table: table.ended(alias))

    def change(
        self, name: str, change: Callable[[Aliases], Aliases], then: Callable[[], object] = tuple
    ) -> Aliases:
        """Change what aliases mean, one at a time; `then` is done before the next. Raises NotFound,
        StoreUnavailable, and what `change` does: then nothing has changed."""
        home = self.home(name)
        if not home.is_dir():
            raise NotFound(f"no model '{name}'{self._nearest(name)}")
        with alone(home):
            table = change(self.table(name))
            written = table.written()
            if self._pointer is not None:
                self._pointer.set_aliases(name, written)
            put(home / "aliases.json", msgspec.json.encode(written, order="deterministic"))
            then()
        return table

    def _keep(self, name: str, digest: str, manifest: bytes, artefact: bytes) -> None:
        signed = self.signed(name, digest)
        files = {"manifest.json": manifest, "artefact": artefact, "signature": signed}
        keep(self.home(name) / digest.removeprefix("sha256:"), files)

    def _require_signature(self, path: Path, name: str, digest: str) -> None:
        signed = path / "signature"
        if not signed.exists() or not hmac.compare_digest(
            read(signed, _HEX), self.signed(name, digest)
        ):
            raise ModelUnsigned(
                f"model '{name}' {digest} is not signed by this house: somebody put it there "
                f"without its key. If it is yours, say so: teller adopt {name} {digest}"
            )

    def _told(self, name: str) -> Mapping[str, str]:
        kept = self._aliases_on_disk(name)
        if self._pointer is None:
            return kept
        try:
            return self._pointer.get_aliases(name) or kept
        except StoreUnavailable:
            return kept

    def _aliases_on_disk(self, name: str) -> dict[str, str]:
        path = self.home(name) / "aliases.json"
        if not path.exists():
            return {}
        try:
            return msgspec.json.decode(read(path, LARGEST_MANIFEST), type=dict[str, str])
        except (msgspec.DecodeError, RecursionError) as error:
            raise ModelRefused(
                f"{path} is no table of aliases: delete it, promote again"
            ) from error

    def _version(self, name: str, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise ModelRefused(f"'{digest[:80]}' is no digest: sha256: and 64 hex digits")
        path = self.home(name) / digest.removeprefix("sha256:")
        if not path.is_dir():
            if near := self._nearest(name):
                raise NotFound(f"no model '{name}'{near}")
            raise NotFound(f"model '{name}' has no version {digest}")
        return path

    def _nearest(self, name: str) -> str:
        if self.home(name).is_dir():
            return ""
        return meant(name, (one for one in self.names() if one != name), ", ", repr)


def _parsed(manifest: Manifest, artefact: bytes, digest: str) -> Model:
    manifest.accept(artefact, digest)
    manifest.check_libraries()
    return parse_model(manifest.kind, artefact, digest)
