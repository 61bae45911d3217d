"""Which pages of which origins may read an answer (CORS), said for a fixed list of origins."""

from __future__ import annotations

from collections.abc import Collection

PREFLIGHT = "HTTP_ACCESS_CONTROL_REQUEST_HEADERS"
METHODS = "GET, POST, OPTIONS"
MAX_AGE = "600"  # seconds a browser may remember it

_HEADERS = frozenset(("authorization", "content-type", "x-retry-count", "anonymousid", "sentat"))
_RUDDERSTACK = "rsa-"


def cors_headers(origin: str, asked: str, allowed: Collection[str]) -> list[tuple[str, str]]:
    """The headers of an answer to a page of `origin`, which asks to send the headers `asked`.

    Never a wildcard, never credentials: a write key is all that a page needs.
    """
    vary = [("Vary", "Origin")] if allowed else []
    if origin not in allowed:
        return vary
    wanted = (name.strip().lower() for name in asked.split(","))
    known = sorted({name for name in wanted if name in _HEADERS or name.startswith(_RUDDERSTACK)})
    preflight = [
        ("Access-Control-Allow-Methods", METHODS),
        ("Access-Control-Allow-Headers", ", ".join(known or sorted(_HEADERS))),
        ("Access-Control-Max-Age", MAX_AGE),
    ]
    return [*vary, ("Access-Control-Allow-Origin", origin), *(preflight if asked else [])]
