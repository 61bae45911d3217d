"""The lines of the file of who was erased, read on from where one stands: it only ever grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.errors import Misconfigured


class Tombstone(Struct, frozen=True, tag="tombstone"):
    """A customer that is erased, or about to be: its keyed hash and partition, under a proof."""

    hash: str
    partition: int
    proof_id: str


class Proof(Struct, frozen=True, tag="proof"):
    """What one erasure erased: counts by place. `at` is RFC 3339."""

    proof_id: str
    at: str
    tombstones: tuple[str, ...]
    erased: dict[str, int]


_lines = msgspec.json.Decoder(Tombstone | Proof)


class Lines:
    """The file's lines; asked again, those that came since."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self._end = 0

    def new(self) -> Iterator[Tombstone | Proof]:
        """Those not told before. Raises Misconfigured when one is damaged."""
        whole = self._unread()
        for line in whole.splitlines():
            self._count += 1
            try:
                yield _lines.decode(line)
            except msgspec.DecodeError as error:
                raise Misconfigured(
                    f"{self._path}:{self._count} is damaged, so an erased customer could come "
                    f"back: restore the file ({error})"
                ) from None
        self._end += len(whole)

    def _unread(self) -> bytes:
        """Whole lines only: the last may still be being written."""
        if not self._path.exists():
            return b""
        with self._path.open("rb") as file:
            file.seek(self._end)
            content = file.read()
        return content[: content.rfind(b"\n") + 1]


class Latest:
    """The last tombstone of each hash, for as long as somebody needs to ask again."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._by_hash: dict[str, Tombstone] = {}

    def by_hash(self) -> Mapping[str, Tombstone]:
        """As the file stands now. Raises Misconfigured when it is damaged."""
        for line in self._lines.new():
            if isinstance(line, Tombstone):
                self._by_hash[line.hash] = line
        return self._by_hash
