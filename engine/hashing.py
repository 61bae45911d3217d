"""Salted hashes to [0, 1): every draw, split and assignment, the same on every machine and day."""

from __future__ import annotations

from hashlib import blake2b

_RANGE = float(2**53)


def uniform(key: str, purpose: str) -> float:
    """A number in [0, 1), uniform over keys, independent between purposes, fixed for a pair.

    53 bits, so every value is exact as a float.
    """
    digest = blake2b(key.encode(), digest_size=8, person=_person(purpose)).digest()
    return (int.from_bytes(digest, "big") >> 11) / _RANGE


def _person(purpose: str) -> bytes:
    """The purpose as a blake2 personalisation: 16 bytes, long names hashed first."""
    name = purpose.encode()
    return name if len(name) <= 16 else blake2b(name, digest_size=16).digest()
