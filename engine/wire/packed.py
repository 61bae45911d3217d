"""A body as its bytes say, whatever its headers do: plain, or gzip unpacked within a bound."""

from __future__ import annotations

import zlib
from typing import Protocol

from engine.errors import Malformed
from engine.wire.body import too_large

_MAGIC = b"\x1f\x8b"  # RFC 1952; no JSON text begins so
_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 64 * 1024


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes: ...


def unpacked(stream: Readable, most: int) -> bytes:
    """The body in `stream`, at most `most` bytes long as sent and as unpacked.

    It never holds more than twice that, whatever the stream would unpack to. Raises TooLarge,
    and Malformed for a broken or unfinished gzip.
    """
    body = bytearray()
    inflate = None
    while piece := stream.read(_PIECE):
        if not body and inflate is None and piece.startswith(_MAGIC):
            inflate = zlib.decompressobj(_GZIP)
        body += piece if inflate is None else _inflated(inflate, piece, most + 1 - len(body))
        if len(body) > most:
            raise too_large(most)
    if inflate is not None and not inflate.eof:
        raise Malformed("the gzip is not finished: it was cut short on its way")
    return bytes(body)


def _inflated(inflate: zlib._Decompress, piece: bytes, room: int) -> bytes:
    """What `piece` unpacks to, `room` bytes at most; more than that the caller refuses."""
    try:
        content = inflate.decompress(piece, room)
    except zlib.error as error:
        raise Malformed(f"not valid gzip: {error}") from None
    if inflate.unused_data:
        raise Malformed("there is something after the end of the gzip")
    return content
