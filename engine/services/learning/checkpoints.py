"""What a learner knows, on disk: numbered, whole, and made by one learner alone.

Making the next number is the commit. A file holds what was learned together with how far the
logs were read, so that whoever goes on from it counts nothing twice and leaves nothing out. A
digest with the house's key stands before it: sums whose bits have changed on a disk would still be
sums, and so would those of another house, with places in logs that are not ours.
"""

from __future__ import annotations

import hmac
import re
from pathlib import Path

import structlog

from engine.errors import Overtaken
from engine.files import kept_key, own_directory, write_once

_KEPT = 2
_DIGEST = 32  # bytes
_SEALED = b"teller.learning.1\0"
_NUMBERED = re.compile("[0-9]{12}").fullmatch  # a copy somebody made is none

_log = structlog.get_logger()


class Checkpoints:
    """The checkpoints in `<data>/learning`."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._home = data / "learning"

    def latest(self) -> tuple[int, bytes]:
        """The last number, and what it holds, or the last undamaged one before; 0 and nothing
        when there is none."""
        while numbers := self._numbers():
            try:
                return numbers[-1], self._sound(numbers)
            except FileNotFoundError:
                continue  # another learner made newer ones and cleared this one away
        return 0, b""

    def _sound(self, numbers: list[int]) -> bytes:
        for number in reversed(numbers):
            kept = self._path(number).read_bytes()
            digest, content = kept[:_DIGEST], kept[_DIGEST:]
            if hmac.compare_digest(self._seal(content), digest):
                return content
            _log.error(
                "a checkpoint is damaged, or another house's: on from the one before, else over",
                of=number,
            )
        return b""

    def commit(self, number: int, content: bytes) -> None:
        """Make it the latest. Raises Overtaken when another learner was here."""
        own_directory(self._home)
        made = write_once(self._path(number), self._seal(content) + content)
        numbers = self._numbers()
        if not made or numbers[-1] > number:  # its number may have been cleared away since
            if made:
                self._path(number).unlink(missing_ok=True)
            raise Overtaken(f"another learner made checkpoint {number}")
        for old in numbers[:-_KEPT]:
            self._path(old).unlink(missing_ok=True)

    def _seal(self, content: bytes) -> bytes:
        return hmac.digest(kept_key(self._data, "model"), _SEALED + content, "sha256")

    def _numbers(self) -> list[int]:
        names = (path.stem for path in self._home.glob("*.state"))
        return sorted(int(name) for name in names if _NUMBERED(name))

    def _path(self, number: int) -> Path:
        return self._home / f"{number:012}.state"
