"""Batches of Segment's SDKs beside their floor: the same bodies, parsed, and one script a customer.

The floor is the least that anyone would do, with ordinary redis-py: `json.loads`, and for each
event's customer a script that reads the customer's hash and appends to the log. Beside it
stands the same floor with its scripts sent together, which nothing was promised against.

Customers take their turns, so that none comes to have many more than the fifty interactions all
started with. A shared machine is never as quick twice: rounds are short and alternate, each of ours
is held against the floor's right before and after it, and the median of these ratios counts.
"""

from __future__ import annotations

import json
import random
import time
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from itertools import count, cycle
from typing import NamedTuple
from urllib.request import Request, urlopen

from bench.figures import Figure, against
from bench.floor import customer_id
from bench.load import good, http_request, saturate
from bench.server import CUSTOMERS, KEY, OTHERS, Bench, serving

EVENTS = 100
ROUNDS = 20
SECONDS = 0.4
WARM = 10
MOST_BATCHES = 120  # more than a round can take: no message may come twice
ACTIONS = 100
TARGET = 0.6

_NAMES = ("Product Viewed", "Product Added", "Order Completed", "Product List Viewed")
OURS, FLOOR, TOGETHER = "/v1/batch", "/floor/events", "/floor/events/together"
_numbers = count()
_turns = cycle(range(CUSTOMERS + OTHERS))


class Round(NamedTuple):
    """Events a second, and what one took of the server's processor, in seconds."""

    rate: float
    cpu: float


def measure() -> Iterator[Figure]:
    """Events a second: known customers, and visitors known by an anonymous id only."""
    with serving(ACTIONS) as bench:
        for who, anonymous in (("customers", False), ("visitors", True)):
            for _ in range(WARM):  # who they are is told once
                _round(bench, OURS, anonymous)
            rounds = [_alternate(bench, anonymous) for _ in range(ROUNDS)]
            yield against(
                f"POST /v1/batch, {EVENTS} events of as many {who}",
                [(ours.rate, floor.rate) for ours, floor, _ in rounds],
                "events a second",
                least=TARGET,
            )
            yield against(
                f"the server's processor time for one of them, {who}",
                [(1e6 * ours.cpu, 1e6 * floor.cpu) for ours, floor, _ in rounds],
                "µs",
            )
            yield against(
                f"the same, {who}, beside the floor with its scripts sent together",
                [(ours.rate, together.rate) for ours, _, together in rounds],
                "events a second",
            )


def _alternate(bench: Bench, anonymous: bool) -> tuple[Round, Round, Round]:
    """Ours, the floor around it, and the floor with its scripts together."""
    before = _round(bench, FLOOR, anonymous)
    ours = _round(bench, OURS, anonymous)
    after = _round(bench, FLOOR, anonymous)
    floor = Round((before.rate + after.rate) / 2, (before.cpu + after.cpu) / 2)
    return ours, floor, _round(bench, TOGETHER, anonymous)


def _round(bench: Bench, path: str, anonymous: bool) -> Round:
    ours = path == OURS
    key = b64encode(f"{KEY}:".encode()).decode() if ours else KEY
    scheme = "Basic" if ours else "Bearer"
    bodies = _batches(anonymous) if ours else _same(anonymous)
    batches = [http_request(path, body, key, scheme) for body in bodies]
    spent = _spent(bench)
    run = good(saturate(bench.port, batches, SECONDS, connections=2))
    if ours and len(run.latencies) > MOST_BATCHES:
        raise SystemExit("a batch was sent twice: no figure")
    events = len(run.latencies) * EVENTS
    return Round(events / run.wall, (_spent(bench) - spent) / events)


def _spent(bench: Bench) -> float:
    """Seconds of processor the server has had so far."""
    asked = Request(
        f"http://127.0.0.1:{bench.port}/floor/spent", headers={"Authorization": f"Bearer {KEY}"}
    )
    with urlopen(asked, timeout=5) as answer:  # noqa: S310
        return float(answer.read())


@cache
def _same(anonymous: bool) -> list[bytes]:
    """What the floor is sent: it does not mind messages that come twice."""
    return _batches(anonymous)


def _batches(anonymous: bool) -> list[bytes]:
    return [_batch(anonymous) for _ in range(MOST_BATCHES)]


def _batch(anonymous: bool) -> bytes:
    """A server's batch: mostly what was looked at, sometimes who somebody is."""
    chance = random.Random(next(_numbers))  # noqa: S311 - a benchmark's data
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    events = [_event(chance, next(_turns), anonymous) for _ in range(EVENTS)]
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
