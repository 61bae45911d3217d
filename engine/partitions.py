"""Partitions of customers, and decision ids that carry their partition."""

from __future__ import annotations

import re
from functools import lru_cache

from engine.hashing import uniform

PARTITIONS = 256

_UUID7 = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")


@lru_cache(maxsize=4096)  # each step of a request asks again
def partition_of(customer_id: str) -> int:
    """The partition, 0 to 255, a customer lives in for ever."""
    return int(uniform(customer_id, "partition") * PARTITIONS)


def new_decision_id(customer_id: str, now_ms: int, entropy: bytes) -> str:
    """A UUIDv7 (RFC 9562) as 32 hex digits whose 12 bits `rand_a` are the customer's partition.

    `entropy`: at least 8 random bytes, of which 62 bits are used.
    """
    head = now_ms << 16 | 0x7000 | partition_of(customer_id)
    tail = 0b10 << 62 | int.from_bytes(entropy[:8], "big") >> 2
    return (head << 64 | tail).to_bytes(16, "big").hex()


def partition_of_decision(decision_id: str) -> int | None:
    """The partition a decision id carries; None when it is no id of ours."""
    if not _UUID7.fullmatch(decision_id):
        return None
    partition = int(decision_id[13:16], 16)
    return partition if partition < PARTITIONS else None


def made_at(decision_id: str) -> int:
    """When a decision was made, ms: the first 48 bits of its id, a UUIDv7 (RFC 9562)."""
    return int(decision_id[:12], 16)
