"""Bytes a customer takes in the store."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from redis import Redis

from bench.figures import Figure, figure
from bench.floor import customer_id
from bench.http import populate
from engine.partitions import partition_of
from engine.store import open_store
from engine.store.embedded import embedded_server
from engine.store.keys import customer_key

KILOBYTES = 4.0
SAMPLE = 200


def measure() -> Iterator[Figure]:
    """A customer with 50 interactions and with 5,000, as Redis itself counts."""
    with (
        tempfile.TemporaryDirectory() as directory,
        embedded_server(Path(directory)) as url,
        open_store(url, Path(directory)) as store,
        Redis.from_url(url) as redis,
    ):
        for interactions, most in ((50, KILOBYTES), (5_000, None)):
            samples = []
            for number in range(SAMPLE if interactions == 50 else 3):
                name = f"{customer_id(number)}-{interactions}"
                populate(store, name, interactions, time.time_ns() // 1_000_000)
                key = customer_key(partition_of(name), name)
                samples.append(redis.memory_usage(key, samples=0) / 1024)
            yield figure(f"a customer with {interactions:,} interactions", samples, "KB", most)
