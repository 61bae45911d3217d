"""Events that could not be taken in: kept aside for a person to see, and to send in again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct


class SetAside(Struct, frozen=True, array_like=True):
    """An event as sent, with all that is needed to take it in after all, and why it was not.

    `event` is empty when it was too large to keep; times are ms.
    """

    event: bytes
    call: str
    source: str
    trusted: bool
    sent_at: int | None
    received_at: int
    reason: str


class Shelf(Protocol):
    """Where what is set aside lies; bounded for each source, whose oldest makes room."""

    def keep(self, source: str, entries: Sequence[bytes]) -> None: ...
    def all(self) -> list[tuple[str, bytes]]: ...
    def drop(self, ids: Sequence[str]) -> None: ...


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SetAside)


class Quarantine:
    """What is set aside, as values."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def keep(self, events: Iterable[SetAside]) -> None:
        """Set these aside, each with its source's."""
        theirs: defaultdict[str, list[bytes]] = defaultdict(list)
        for event in events:
            theirs[event.source].append(_encoder.encode(event))
        for source, entries in theirs.items():
            self._shelf.keep(source, entries)

    def all(self) -> Iterator[tuple[str, SetAside]]:
        """Everything there is, oldest first, each with its id."""
        for name, entry in self._shelf.all():
            yield name, _decoder.decode(entry)

    def drop(self, ids: Sequence[str]) -> None:
        """Take these away."""
        self._shelf.drop(ids)
