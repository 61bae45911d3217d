from __future__ import annotations

from collections import Counter
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from engine.partitions import PARTITIONS, new_decision_id, partition_of, partition_of_decision
from engine.store import keys

names = st.text(min_size=1, max_size=30)


@given(names, st.integers(0, 2**48 - 1), st.binary(min_size=8, max_size=16))
def test_a_decision_id_is_a_uuid7_that_carries_its_customers_partition(
    customer_id: str, now: int, entropy: bytes
) -> None:
    made = new_decision_id(customer_id, now, entropy)
    parsed = UUID(hex=made)
    assert (parsed.version, parsed.int >> 80, len(made)) == (7, now, 32)
    assert partition_of_decision(made) == partition_of(customer_id)


@given(st.text(max_size=40))
def test_what_is_no_decision_id_has_no_partition(text: str) -> None:
    assert partition_of_decision(text) is None


def test_a_decision_id_of_a_partition_we_do_not_have_has_none() -> None:
    assert partition_of_decision("019b0000000071008000000000000000") is None
    assert partition_of_decision("019b0000000070ff8000000000000000") == 255


@given(names)
def test_every_key_of_a_customer_shares_one_slot(customer_id: str) -> None:
    partition = partition_of(customer_id)
    every = [
        keys.customer_key(partition, customer_id),
        keys.log_key(partition),
        keys.epoch_key(partition),
        keys.decision_key(partition, "x"),
        *keys.seen_keys(partition, customer_id, 10**12),
    ]
    assert {key_slot(key.encode()) for key in every} == {keys.slot_of(partition)}


def test_customers_spread_evenly_over_all_partitions() -> None:
    sizes = Counter(partition_of(f"c-{number}") for number in range(51_200))
    assert len(sizes) == PARTITIONS
    assert min(sizes.values()) > 120
    assert max(sizes.values()) < 290
