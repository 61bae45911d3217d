"""The headers every reply carries: which request it answers, and how long that took."""

from __future__ import annotations

import os
import re
import time

_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,128}")


def request_id(given: str) -> str:
    """The caller's X-Request-Id where it is usable, else a new one."""
    return given if _GIVEN.fullmatch(given) else os.urandom(16).hex()


def traced(request: str, started: float) -> list[tuple[str, str]]:
    """The headers of a reply to a request begun at `started` (time.perf_counter)."""
    took = (time.perf_counter() - started) * 1000
    return [("X-Request-Id", request), ("Server-Timing", f"total;dur={took:.2f}")]
