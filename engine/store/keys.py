"""Names of keys, and the slots they live in.

Everything of a customer shares the hash tag `{pNNN}`, so one script may touch all of it.
"""

from __future__ import annotations

from redis.crc import key_slot

from engine.partitions import PARTITIONS

WEEK = 7 * 24 * 3600 * 1000
"""A week, in ms."""

_TAGS = tuple(f"{{p{number:03d}}}:" for number in range(PARTITIONS))
_SLOTS = tuple(key_slot(tag.encode()) for tag in _TAGS)


def slot_of(partition: int) -> int:
    """The cluster slot every key of a partition hashes to."""
    return _SLOTS[partition]


def slot_of_key(key: str) -> int:
    """The cluster slot of a key that belongs to no partition."""
    return int(key_slot(key.encode()))


def customer_key(partition: int, customer_id: str) -> str:
    """The hash of a customer's packed sections."""
    return f"{_TAGS[partition]}c:{customer_id}"


def identity_key(partition: int, identity: str) -> str:
    """The packed pointer of an identity, in the partition of its own."""
    return f"{_TAGS[partition]}i:{identity}"


def fenced_key(partition: int) -> str:
    """The set of customers whose merge is not finished."""
    return f"{_TAGS[partition]}fenced"


def shared_key(partition: int) -> str:
    """The set of identities too many customers share."""
    return f"{_TAGS[partition]}shared"


def log_key(partition: int) -> str:
    """The stream of a partition's records; one field, `r`."""
    return f"{_TAGS[partition]}log"


def readers_key(partition: int) -> str:
    """The hash of who reads the partition's log, and how far each has come."""
    return f"{_TAGS[partition]}readers"


def lease_key(name: str) -> str:
    """The key that names who does something for all; it lives beside partition 0."""
    return f"{_TAGS[0]}lease:{name}"


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


def all_seen_keys(partition: int, customer_id: str, now_ms: int) -> tuple[str, ...]:
    """Every hash of idempotency keys there may be: they live for two weeks, clocks may differ."""
    week = now_ms // WEEK
    return tuple(f"{_TAGS[partition]}s:{week - back}:{customer_id}" for back in range(-1, 4))


def waited_key(partition: int) -> str:
    """The key written when a replica is waited for."""
    return f"{_TAGS[partition]}waited"


def rewritten_key() -> str:
    """The key that says for what the append-only files were last rewritten; beside partition 0."""
    return f"{_TAGS[0]}rewritten"


def tombstones_key(partition: int) -> str:
    """The hash tombstone -> proof of the partition's erased customers."""
    return f"{_TAGS[partition]}erased"


def quarantined_key() -> str:
    """The set of sources that events of were set aside; it lives beside partition 0."""
    return f"{_TAGS[0]}quarantined"


def quarantine_key(source: str) -> str:
    """The stream of a source's events set aside; beside the set of sources."""
    return f"{_TAGS[0]}quarantine:{source}"


def never_key(partition: int) -> str:
    """The key that never is: asked to change it, a server says whether it takes writes."""
    return f"{_TAGS[partition]}never"


def epoch_key(partition: int) -> str:
    """The key whose absence tells an emptied store from an empty one."""
    return f"{_TAGS[partition]}epoch"


def aliases_key(model: str) -> str:
    """The hash alias -> version of a model."""
    return f"models:{model}"
