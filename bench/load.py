"""Load over real HTTP: as fast as it goes, or at a fixed rate whatever the server does.

At a fixed rate latency counts from the *intended* send time, so that a stalled server
cannot hide its queue (coordinated omission).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import cycle

END_OF_HEAD = b"\r\n\r\n"


@dataclass(slots=True)
class Run:
    """What came of a run: latencies in seconds, wall and own CPU seconds, and refusals."""

    latencies: list[float] = field(default_factory=list)
    failed: int = 0
    wall: float = 0.0
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.wall


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, idle: deque[_Connection], done: Done) -> None:
        self._idle = idle
        self._done = done
        self._buffer = bytearray()
        self._intended = 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows for the types
        self._transport = transport
        self._idle.append(self)

    def send(self, request: bytes, intended: float) -> None:
        self._intended = intended
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(END_OF_HEAD)
        if head < 0 or len(self._buffer) < head + len(END_OF_HEAD) + _length(self._buffer[:head]):
            return
        good = self._buffer.startswith(b"HTTP/1.1 200")
        self._buffer.clear()
        self._idle.append(self)
        self._done.take(time.perf_counter() - self._intended, good)

    def close(self) -> None:
        self._transport.close()


class Done:
    """Collects answers, and calls back for the next request."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.after: Callable[[], None] = _nothing

    def take(self, latency: float, good: bool) -> None:
        self.run.latencies.append(latency)
        self.run.failed += not good
        self.after()


def _nothing() -> None:
    """Before a drive says what comes next."""


def _length(head: bytearray) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def http_request(path: str, body: bytes, key: str, scheme: str = "Bearer") -> bytes:
    """A whole POST request as it goes over the wire."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {scheme} {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def saturate(port: int, requests: Iterable[bytes], seconds: float, connections: int = 8) -> Run:
    """Closed loop: every connection sends again as soon as it is answered."""
    return asyncio.run(_drive(port, cycle(requests), seconds, connections, None))


def at_rate(
    port: int, requests: Iterable[bytes], seconds: float, rate: float, connections: int = 64
) -> Run:
    """Open loop: `rate` requests a second, sent or queued when their time has come."""
    return asyncio.run(_drive(port, cycle(requests), seconds, connections, rate))


def good(run: Run) -> Run:
    """The run itself, unless a request failed."""
    if run.failed:
        raise SystemExit(f"{run.failed} of {len(run.latencies)} requests failed: no figure")
    return run


async def _drive(
    port: int, requests: Iterator[bytes], seconds: float, connections: int, rate: float | None
) -> Run:
    loop, run, idle = asyncio.get_running_loop(), Run(), deque[_Connection]()
    done = Done(run)
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(idle, done), "127.0.0.1", port)
    everyone = list(idle)
    start, cpu = time.perf_counter(), time.process_time()
    if rate is None:
        await _closed(done, idle, requests, start + seconds)
    else:
        await _open(done, idle, requests, seconds, rate)
    run.wall, run.cpu = time.perf_counter() - start, time.process_time() - cpu
    for connection in everyone:
        connection.close()
    return run


async def _closed(
    done: Done, idle: deque[_Connection], requests: Iterator[bytes], until: float
) -> None:
    finished = asyncio.Event()
    everyone = len(idle)

    def go_on() -> None:
        now = time.perf_counter()
        if now < until:
            while idle:
                idle.popleft().send(next(requests), now)
        elif len(idle) == everyone:
            finished.set()

    done.after = go_on
    go_on()
    await finished.wait()


async def _open(
    done: Done, idle: deque[_Connection], requests: Iterator[bytes], seconds: float, rate: float
) -> None:
    waiting: deque[float] = deque()

    def go_on() -> None:
        while waiting and idle:
            idle.popleft().send(next(requests), waiting.popleft())

    done.after = go_on
    start, total = time.perf_counter(), int(seconds * rate)
    for number in range(total):
        intended = start + number / rate
        await asyncio.sleep(max(0.0, intended - time.perf_counter()))
        waiting.append(intended)
        go_on()
    while len(done.run.latencies) < total:
        await asyncio.sleep(0.01)
