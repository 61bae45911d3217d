"""Who was erased, known only by a keyed hash: the file that outlives every backup.

A line a tombstone or a proof, each on disk before anything relies on it. It holds no
personal value; without the key nobody can tell whom a hash stands for.
"""

from __future__ import annotations

import fcntl
import hmac
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from engine.files import own_directory
from engine.partitions import partition_of
from engine.services.privacy.lines import Latest, Lines, Proof, Tombstone

FILE = "erasures.jsonl"
LOCKS = "erasing"
_LONGEST = 1 << 20  # bytes of a line, at the very most


class Tombstones:
    """The file in `data`; hashes are HMAC-SHA256 (RFC 2104) under `key`, as hex."""

    def __init__(self, data: Path, key: bytes) -> None:
        self._path = data / FILE
        self._key = key

    def of(self, customer_id: str, proof_id: str) -> Tombstone:
        """A customer's tombstone; not yet written."""
        return Tombstone(self.hash_of(customer_id), partition_of(customer_id), proof_id)

    def hash_of(self, customer_id: str) -> str:
        """What stands for the customer."""
        return hmac.new(self._key, customer_id.encode(), "sha256").hexdigest()

    def write(self, *lines: Tombstone | Proof) -> None:
        """Append, on disk when this returns."""
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _drop_torn_line(file.fileno())
            file.write(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())

    def size(self) -> int:
        """How many bytes there are; more after each erasure, 0 before the first."""
        return self._path.stat().st_size if self._path.exists() else 0

    def latest(self) -> Latest:
        """The last tombstone of each hash, to be asked again as the file grows."""
        return Latest(Lines(self._path))

    @contextmanager
    def lasting(self, stones: Iterable[Tombstone], latest: Latest) -> Iterator[list[Tombstone]]:
        """Those of `stones` that are the last of their hash; as long as this lasts they stay so.
        Raises Misconfigured when the file is damaged."""
        with self._path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            by_hash = latest.by_hash()
            yield [stone for stone in stones if by_hash.get(stone.hash) == stone]

    @contextmanager
    def alone(self, customer_id: str) -> Iterator[None]:
        """One erasure of a customer at a time, whichever process does it; a process that dies is
        no longer at it. Those of the same partition wait for each other."""
        locks = self._path.parent / LOCKS
        own_directory(locks)
        with (locks / f"{partition_of(customer_id)}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def unproven(self, customer_id: str) -> bool:
        """Whether the last erasure of this customer was begun and not finished."""
        stone = self.latest().by_hash().get(self.hash_of(customer_id))
        proofs = {line.proof_id for line in Lines(self._path).new() if isinstance(line, Proof)}
        return stone is not None and stone.proof_id not in proofs

    def proof(self, customer_id: str) -> Proof | None:
        """The last proof of this customer's erasure."""
        hashed = self.hash_of(customer_id)
        proofs = (line for line in Lines(self._path).new() if isinstance(line, Proof))
        return max(
            (proof for proof in proofs if hashed in proof.tombstones),
            key=lambda proof: proof.at,
            default=None,
        )


def _drop_torn_line(descriptor: int) -> None:
    """A line cut short by a crash: what it was about was never acknowledged."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - _LONGEST)
    end = os.pread(descriptor, _LONGEST, start).rfind(b"\n")
    os.ftruncate(descriptor, start + end + 1)
