"""The application with a floor beside it: two round trips and constant bytes, nothing decided.

The same Flask application under the same server. The floor reads one customer's hash and runs
one script that appends to the partition's log, with ordinary redis-py, and answers with
a constant body; reply and log entry are as long as a real decision's.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from redis import Redis

import api
from engine.codec import FIELDS
from engine.partitions import partition_of
from engine.store.keys import customer_key, log_key

INGEST = (
    "redis.call('HGETALL', KEYS[1]) "
    "redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'r', ARGV[1]) return 1"
)
SCRIPT = "redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'r', ARGV[1]) return 1"


def customer_id(number: int) -> str:
    """The bench's customers."""
    return f"bench-{number}"


def application() -> Flask:
    """The app a WSGI server runs; settings come from the environment."""
    app = api.from_environment()
    customers = int(os.environ["BENCH_CUSTOMERS"])
    redis = Redis.from_url(os.environ["TELLER_REDIS_URL"])
    script, numbers = redis.register_script(SCRIPT), count()

    @app.post("/floor")
    def floor() -> Response:
        customer = customer_id(next(numbers) % customers)
        partition = partition_of(customer)
        keys = customer_key(partition, customer), log_key(partition) + ":floor"
        redis.hmget(keys[0], FIELDS)
        sizes = _sizes()
        script(keys=keys, args=[sizes["entry"]])
        return Response(sizes["reply"], content_type="application/json")

    @app.get("/floor/spent")
    def spent() -> str:
        return str(time.process_time())

    ingest, entry = redis.register_script(INGEST), b"x" * 300

    @app.post("/floor/events")
    def floor_events() -> Response:
        for keys in _customers(json.loads(request.get_data())):
            ingest(keys=keys, args=[entry])
        return Response(b'{"success": true}', content_type="application/json")

    @app.post("/floor/events/together")
    def floor_events_together() -> Response:
        with redis.pipeline(transaction=False) as together:
            for keys in _customers(json.loads(request.get_data())):
                ingest(keys=keys, args=[entry], client=together)
            together.execute()
        return Response(b'{"success": true}', content_type="application/json")

    return app


def _customers(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The keys of each event's customer: the hash, and the log."""
    for event in body["batch"]:
        customer = event["userId"] or event["anonymousId"]
        partition = partition_of(customer)
        yield customer_key(partition, customer), log_key(partition) + ":floor"


@cache
def _sizes() -> dict[str, bytes]:
    """Constant bytes as long as a real reply and a real log entry."""
    lengths = json.loads(Path(os.environ["BENCH_SIZES"]).read_text())
    return {name: b"x" * length for name, length in lengths.items()}
