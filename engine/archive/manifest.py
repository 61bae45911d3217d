"""The manifest: which files are the archive, and up to which log entry they hold everything.

Manifests are numbered. Making the next number is the commit, and only one writer can make
it: the file is linked into place, which fails when it is there. Data files that no manifest
names are no part of the archive.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from engine.errors import Misconfigured, Overtaken
from engine.files import own_directory, write_once

Kind = Literal["decisions", "interactions", "changes"]
KINDS: tuple[Kind, ...] = ("decisions", "interactions", "changes")
_KEPT = 3
_DIGITS = 12


class Part(Struct, frozen=True, array_like=True):
    """One file: its path below the archive's place, its UTC date, and how often it was merged."""

    path: str
    kind: Kind
    day: str
    level: int
    rows: int


class Manifest(Struct, frozen=True):
    """All of the archive. `place` is the URL of its files, empty for beside the manifests;
    `positions` the last entry read of each partition."""

    version: int
    place: str = ""
    positions: dict[int, str] = {}
    parts: tuple[Part, ...] = ()


class Manifests:
    """The manifests of a data directory. On disk before anyone can see them."""

    def __init__(self, data: Path) -> None:
        self._home = data / "archive" / "manifests"

    def latest(self, place: str | None = None) -> Manifest:
        """The archive as it is; an empty one when there is none.

        Misconfigured for a damaged manifest, and when the archive is not at `place`.
        """
        while (numbers := self._numbers()) and not (found := self._read(numbers[-1])):
            continue  # someone made newer ones and cleared this one away: look again
        if not numbers or not found:
            return Manifest(0, place or "")
        if place is not None and found.place != place:
            raise Misconfigured(
                f"the archive is at {found.place or self._home.parent}, so set TELLER_ARCHIVE "
                "back; or move its files and the last manifest's `place`"
            )
        return found

    def commit(self, manifest: Manifest) -> None:
        """Make it the archive. Raises Overtaken when its number is taken."""
        own_directory(self._home)
        if not write_once(self._path(manifest.version), msgspec.json.encode(manifest)):
            raise Overtaken(f"another writer made version {manifest.version} of the archive")
        for number in self._numbers()[:-_KEPT]:
            self._path(number).unlink(missing_ok=True)

    def _read(self, number: int) -> Manifest | None:
        path = self._path(number)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Manifest)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise Misconfigured(
                f"{path} is damaged: restore it with the archive's files, or remove it to go on "
                "from the one before"
            ) from error

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self._home.glob("[0-9]*.json"))

    def _path(self, number: int) -> Path:
        return self._home / f"{number:0{_DIGITS}}.json"
