"""Names of keys, partitions of customers, and decision ids that carry their partition.

Everything of a customer shares the hash tag `{pNNN}`, so one script may touch all of it.
"""

from __future__ import annotations

import re

from redis.crc import key_slot

from engine.hashing import uniform

PARTITIONS = 256
WEEK = 7 * 24 * 3600 * 1000

_UUID7 = re.compile(r"[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")
_TAGS = tuple(f"{{p{number:03d}}}:" for number in range(PARTITIONS))
_SLOTS = tuple(key_slot(tag.encode()) for tag in _TAGS)


def partition_of(customer_id: str) -> int:
    """The partition, 0 to 255, a customer lives in for ever."""
    return int(uniform(customer_id, "partition") * PARTITIONS)


def slot_of(partition: int) -> int:
    """The cluster slot every key of a partition hashes to."""
    return _SLOTS[partition]


def slot_of_key(key: str) -> int:
    """The cluster slot of a key that belongs to no partition."""
    return int(key_slot(key.encode()))


def new_decision_id(customer_id: str, now_ms: int, entropy: bytes) -> str:
    """A UUIDv7 (RFC 9562) as 32 hex digits whose 12 bits `rand_a` are the customer's partition.

    `entropy`: at least 8 random bytes, of which 62 bits are used.
    """
    head = now_ms << 16 | 0x7000 | partition_of(customer_id)
    tail = 0b10 << 62 | int.from_bytes(entropy[:8], "big") >> 2
    return f"{head << 64 | tail:032x}"


def partition_of_decision(decision_id: str) -> int | None:
    """The partition a decision id carries; None when it is no id of ours."""
    if not _UUID7.fullmatch(decision_id):
        return None
    partition = int(decision_id[13:16], 16)
    return partition if partition < PARTITIONS else None


def customer_key(partition: int, customer_id: str) -> str:
    """The hash of a customer's packed sections."""
    return f"{_TAGS[partition]}c:{customer_id}"


def log_key(partition: int) -> str:
    """The stream of a partition's records; one field, `r`."""
    return f"{_TAGS[partition]}log"


def decision_key(partition: int, decision_id: str) -> str:
    """The pointer from a decision to its log entry and customer."""
    return f"{_TAGS[partition]}d:{decision_id}"


def seen_keys(partition: int, customer_id: str, now_ms: int) -> tuple[str, str]:
    """The hashes of idempotency keys of this week and of the one before.

    Two generations of a week each keep a key for at least seven days without any pruning.
    """
    week = now_ms // WEEK
    tag = _TAGS[partition]
    return f"{tag}s:{week}:{customer_id}", f"{tag}s:{week - 1}:{customer_id}"


def epoch_key(partition: int) -> str:
    """The key whose absence tells an emptied store from an empty one."""
    return f"{_TAGS[partition]}epoch"


def aliases_key(model: str) -> str:
    """The hash alias -> version of a model."""
    return f"models:{model}"
