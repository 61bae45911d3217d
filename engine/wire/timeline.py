"""`GET /v1/customers/{id}/timeline`: how a page is asked for, and how it is told."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from engine.errors import InvalidRequest, Problem
from engine.wire.problems import nearest, pointer_to
from engine.wire.values import Stamp

PAGE = 50
MOST = 200
_ASKED = ("limit", "cursor")
_FIRST, _LAST = -62_135_596_800_000, 253_402_300_799_999  # ms of the years 1 to 9999


class Cursor(NamedTuple):
    """Where the page before ended: a node's time (ms) and key; what is told comes before it."""

    at: int
    key: str

    def __str__(self) -> str:
        return urlsafe_b64encode(f"{self.at}.{self.key}".encode()).decode().rstrip("=")


class PageAsk(NamedTuple):
    """Which page, and at most how many contacts and changes."""

    cursor: Cursor | None
    limit: int


class AnswerReply(Struct, frozen=True, omit_defaults=True):
    """What came back: an outcome."""

    at: Stamp
    type: str
    id: str
    value: float | None = None


class OfferReply(Struct, frozen=True, omit_defaults=True):
    """What a placement got, and what was answered, oldest first; no action: its fallback."""

    placement: str
    fallback: bool
    action: str = ""
    kind: str = ""
    treatment: str = ""
    rank: int | None = None
    answers: list[AnswerReply] = []


class ContactReply(Struct, frozen=True, omit_defaults=True):
    """A decision with what it offered, or a free interaction with its `type`."""

    at: Stamp
    decision_id: str = ""
    offered: list[OfferReply] = []
    answers: list[AnswerReply] = []
    id: str = ""
    type: str = ""
    action: str = ""
    placement: str = ""
    topic: str = ""
    status: str = ""
    value: float | None = None


class ChannelReply(Struct, frozen=True):
    """The contacts of one channel, newest first; its name is empty where none was told."""

    channel: str
    contacts: list[ContactReply]


class ChangeReply(Struct, frozen=True):
    """A change of attributes, consent or identities, or a merge, with how."""

    at: Stamp
    what: str
    data: dict[str, Any]


class TimelineReply(Struct, frozen=True):
    """A page of a customer's history; `cursor` asks for the next, older one."""

    customer_id: str
    channels: list[ChannelReply]
    changes: list[ChangeReply]
    cursor: str | None


def read_page(query: Mapping[str, str]) -> PageAsk:
    """Which page is asked for. Raises InvalidRequest, also for a parameter there is not: whoever
    misspells `cursor` would read the first page for ever."""
    if strange := [
        Problem(pointer_to(name), f"is no parameter of this page{nearest(name, _ASKED)}")
        for name in query
        if name not in _ASKED
    ]:
        raise InvalidRequest(strange)
    limit, cursor = query.get("limit", str(PAGE)), query.get("cursor", "")
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 9 and 1 <= int(limit) <= MOST):
        raise InvalidRequest([Problem("/limit", f"must be a number from 1 to {MOST}")])
    return PageAsk(_cursor(cursor) if cursor else None, int(limit))


def _cursor(text: str) -> Cursor:
    try:
        told = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        at, _, key = told.partition(".")
        found = Cursor(int(at), key)
    except (NotBase64, ValueError):
        found = Cursor(_LAST + 1, "")
    if not _FIRST <= found.at <= _LAST:
        raise InvalidRequest([Problem("/cursor", "is not one we gave: leave it out to start anew")])
    return found
