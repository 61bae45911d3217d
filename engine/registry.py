"""Model artefacts on disk, by digest, and which of them serve.

    <data>/models/<name>/<digest>/{manifest.json, artefact}
    <data>/models/<name>/aliases.json

The digest is that of the manifest, which states the artefact's size and digest: both are
verified before anything is parsed. Versions are never overwritten or deleted, so that
decisions replay. It must not fetch anything: artefacts get here by `publish` alone.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, Protocol

import msgspec
from msgspec import Struct

from engine.errors import ModelRefused, NotFound, StoreUnavailable
from engine.models.base import Model
from engine.models.kinds import parse_model

Alias = Literal["champion", "challenger"]
ALIASES: tuple[Alias, ...] = ("champion", "challenger")

LARGEST_ARTEFACT = 64 * 2**20
LARGEST_MANIFEST = 2**20

_LIBRARIES = ("msgspec", "numpy", "scikit-learn", "scipy", "pandas")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Pointer(Protocol):
    """Where all workers of a house agree which version an alias means (the store)."""

    def get_aliases(self, name: str, /) -> Mapping[str, str]: ...

    def set_aliases(self, name: str, aliases: Mapping[str, str], /) -> None: ...


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


class Registry:
    """The models of one house; `pointer` (if any) has the last word on aliases, and the file
    beside the models speaks when it is silent or away."""

    def __init__(self, data: Path, pointer: Pointer | None = None) -> None:
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
        """Keep a version and return its digest; the same content gives the same digest.

        Raises ModelRefused for an artefact that could not serve, and then keeps nothing.
        """
        home = self._home(name)
        _within(len(artefact), LARGEST_ARTEFACT, "artefact")
        parse_model(kind, artefact)
        libraries = _libraries({*_LIBRARIES, *exact})
        manifest = Manifest(
            name, kind, len(artefact), _hex(artefact), libraries, tuple(exact), dict(metadata or {})
        )
        written = msgspec.json.encode(manifest, order="deterministic")
        _within(len(written), LARGEST_MANIFEST, "manifest")
        _keep(home / _hex(written), {"manifest.json": written, "artefact": artefact})
        return f"sha256:{_hex(written)}"

    def manifest(self, name: str, digest: str) -> Manifest:
        """What a version says of itself, verified. Raises NotFound, ModelRefused."""
        written = _read(self._version(name, digest) / "manifest.json", LARGEST_MANIFEST)
        if f"sha256:{_hex(written)}" != digest:
            raise ModelRefused(f"model '{name}' {digest}: the manifest is not what was published")
        try:
            manifest = msgspec.json.decode(written, type=Manifest)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ModelRefused(f"model '{name}' {digest}: no manifest of ours: {error}") from error
        if manifest.name != name:
            raise ModelRefused(f"model '{name}' {digest} was published as '{manifest.name}'")
        return manifest

    def load(self, name: str, digest: str) -> Model:
        """A version, verified, then parsed. Raises NotFound, ModelRefused."""
        manifest = self.manifest(name, digest)
        artefact = _read(self._version(name, digest) / "artefact", LARGEST_ARTEFACT)
        if len(artefact) != manifest.size or _hex(artefact) != manifest.sha256:
            raise ModelRefused(f"model '{name}' {digest}: the artefact is not what was published")
        _check_libraries(manifest)
        return parse_model(manifest.kind, artefact, digest)

    def versions(self, name: str) -> list[str]:
        """Digests of all versions kept, sorted."""
        home = self._home(name)
        if not home.is_dir():
            return []
        return sorted(
            digest for path in home.iterdir() if _DIGEST.fullmatch(digest := f"sha256:{path.name}")
        )

    def names(self) -> list[str]:
        """Names of all models kept, sorted."""
        if not self._root.is_dir():
            return []
        return sorted(path.name for path in self._root.iterdir() if _NAME.fullmatch(path.name))

    def aliases(self, name: str) -> dict[str, str]:
        """alias -> digest, as workers should serve it now."""
        kept = self._aliases_on_disk(name)
        if self._pointer is None:
            return kept
        try:
            return dict(self._pointer.get_aliases(name)) or kept
        except StoreUnavailable:
            return kept

    def resolve(self, name: str, alias: str = "champion") -> str:
        """The digest an alias means. Raises NotFound where none was promoted."""
        digest = self.aliases(name).get(alias)
        if digest is None:
            raise NotFound(f"model '{name}' has no {alias}; promote a version to it first")
        return digest

    def promote(self, name: str, digest: str, alias: Alias = "champion") -> Model:
        """Make a version serve under an alias; one that does not load changes nothing.

        Going back is promoting the earlier digest. Raises NotFound, ModelRefused,
        StoreUnavailable.
        """
        if alias not in ALIASES:
            raise NotFound(f"no alias '{alias}'; one of {', '.join(ALIASES)}")
        model = self.load(name, digest)
        with _alone(self._home(name)):
            aliases = {**self.aliases(name), alias: digest}
            if self._pointer is not None:
                self._pointer.set_aliases(name, aliases)
            written = msgspec.json.encode(aliases, order="deterministic")
            _replace(self._home(name) / "aliases.json", written)
        return model

    def _aliases_on_disk(self, name: str) -> dict[str, str]:
        path = self._home(name) / "aliases.json"
        if not path.exists():
            return {}
        try:
            return msgspec.json.decode(_read(path, LARGEST_MANIFEST), type=dict[str, str])
        except (msgspec.DecodeError, RecursionError) as error:
            raise ModelRefused(
                f"{path} is no table of aliases: delete it, promote again"
            ) from error

    def _home(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ModelRefused(
                f"'{name[:80]}' is no model's name: lower-case letters, digits, - and _, at most 64"
            )
        return self._root / name

    def _version(self, name: str, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise ModelRefused(f"'{digest[:80]}' is no digest: sha256: and 64 hex digits")
        home = self._home(name)
        path = home / digest.removeprefix("sha256:")
        if not path.is_dir():
            if not home.is_dir() and (near := get_close_matches(name, self.names(), 1)):
                raise NotFound(f"no model '{name}', did you mean '{near[0]}'?")
            raise NotFound(f"model '{name}' has no version {digest}")
        return path


def _hex(content: bytes) -> str:
    return sha256(content).hexdigest()


def _within(size: int, largest: int, what: str) -> None:
    if size > largest:
        raise ModelRefused(f"{what} of {size:,} bytes; at most {largest:,}")


def _read(path: Path, largest: int) -> bytes:
    """A plain file of bounded size: no link, no pipe, nothing that grows while it is read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise ModelRefused(f"{path} cannot be read as a plain file: {error.strerror}") from error
    with os.fdopen(handle, "rb") as file:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise ModelRefused(f"{path} is not a plain file")
        _within(facts.st_size, largest, str(path))
        content = file.read(largest + 1)
    _within(len(content), largest, str(path))
    return content


def _keep(home: Path, files: Mapping[str, bytes]) -> None:
    """Write a version whole or not at all; the same version may be written any number of times."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=home.parent) as made:
        for name, content in files.items():
            _write(Path(made) / name, content)
        if all(_same(home / name, files[name]) for name in files):
            return
        if home.exists():  # damaged: what was published once may be published again
            shutil.rmtree(home)
        Path(made).chmod(0o755)
        Path(made).rename(home)
    _settle(home.parent)


def _same(path: Path, content: bytes) -> bool:
    return path.is_file() and not path.is_symlink() and path.read_bytes() == content


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    _write(fresh, content)
    fresh.replace(path)
    _settle(path.parent)


def _settle(directory: Path) -> None:
    """Make renames in a directory survive a crash."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One promotion of a model at a time, so that none undoes another's."""
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _libraries(names: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted(names):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _check_libraries(manifest: Manifest) -> None:
    here = _libraries(set(manifest.exact))
    for name in manifest.exact:
        made, found = manifest.libraries.get(name), here.get(name, "none")
        if made != found:
            raise ModelRefused(
                f"model '{manifest.name}' was made with {name} {made}, here is {found}: "
                f"install {name}=={made}, or train it again"
            )
