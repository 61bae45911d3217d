"""Batches of Segment's SDKs beside their floor: the same bodies, parsed, and one script a customer.

The floor is the least that anyone would do, with ordinary redis-py: `json.loads`, and for each
event's customer a script that reads the customer's hash and appends to the log. Beside it
stands the same floor with its scripts sent together, which nothing was promised against.
"""

from __future__ import annotations

import json
import random
import time
from base64 import b64encode
from collections.abc import Iterator
from itertools import count

from bench.figures import Figure, against
from bench.floor import customer_id
from bench.http import CUSTOMERS, KEY, Bench, good, serving
from bench.load import http_request, saturate

EVENTS = 100
ROUNDS = 5
SECONDS = 2.0
WARM = 4
MOST_BATCHES = 1_000  # more than a round can take: no message may come twice
ACTIONS = 100
TARGET = 0.6

_NAMES = ("Product Viewed", "Product Added", "Order Completed", "Product List Viewed")
_numbers = count()


def measure() -> Iterator[Figure]:
    """Events a second: known customers, and visitors known by an anonymous id only."""
    with serving(ACTIONS) as bench:
        for who, anonymous in (("customers", False), ("visitors", True)):
            for _ in range(WARM if anonymous else 0):  # who they are is told once
                _round(bench, "/v1/batch", anonymous=True)
            rounds = [_three(bench, anonymous) for _ in range(ROUNDS)]
            yield against(
                f"POST /v1/batch, {EVENTS} events of as many {who}",
                [(ours, floor) for ours, floor, _ in rounds],
                "events a second",
                least=TARGET,
            )
            yield against(
                f"the same, {who}, beside the floor with its scripts sent together",
                [(ours, together) for ours, _, together in rounds],
                "events a second",
            )


def _three(bench: Bench, anonymous: bool) -> tuple[float, float, float]:
    """Ours, the floor, and the floor with its scripts together, one after the other."""
    ours, floor, together = (
        _round(bench, path, anonymous=anonymous)
        for path in ("/v1/batch", "/floor/events", "/floor/events/together")
    )
    return ours, floor, together


def _round(bench: Bench, path: str, *, anonymous: bool) -> float:
    """Events a second."""
    ours = path.startswith("/v1")
    key = b64encode(f"{KEY}:".encode()).decode() if ours else KEY
    scheme = "Basic" if ours else "Bearer"
    batches = [http_request(path, _batch(anonymous), key, scheme) for _ in range(MOST_BATCHES)]
    run = good(saturate(bench.port, batches, SECONDS, connections=2))
    if len(run.latencies) > MOST_BATCHES:
        raise SystemExit("a batch was sent twice: no figure")
    return run.rate * EVENTS


def _batch(anonymous: bool) -> bytes:
    """A server's batch: mostly what was looked at, sometimes who somebody is."""
    chance = random.Random(next(_numbers))  # noqa: S311 - a benchmark's data
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    who = chance.sample(range(CUSTOMERS), EVENTS)
    events = [_event(chance, number, anonymous) for number in who]
    return json.dumps(
        {
            "batch": [{**event, "timestamp": now, "context": _CONTEXT} for event in events],
            "sentAt": now,
        }
    ).encode()


_CONTEXT = {"library": {"name": "analytics-python", "version": "2.3.3"}, "ip": "203.0.113.7"}


def _event(chance: random.Random, number: int, anonymous: bool) -> dict[str, object]:
    name = customer_id(number)
    whose = {"anonymousId": name, "userId": None} if anonymous else {"userId": name}
    message = dict[str, object](whose, messageId=f"bench-{chance.getrandbits(96):024x}")
    if number % 10 == 0:
        return {**message, "type": "identify", "traits": {"n1": chance.random(), "age": 42}}
    properties = {
        "product_id": f"p-{number % 500}",
        "category": "broadband",
        "price": 29.9,
        "currency": "EUR",
        "list": "search",
    }
    event = chance.choice(_NAMES)
    return {**message, "type": "track", "event": event, "properties": properties}
