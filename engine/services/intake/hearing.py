"""What one event tells: all of it, or its opt-out alone where something else of it is faulty."""

from __future__ import annotations

import secrets
from hashlib import blake2b

from engine.catalogue import Catalogue
from engine.change import Seen
from engine.errors import InvalidRequest, Problem, TellerError
from engine.services.intake.quarantine import SetAside
from engine.wire.one_event import EventBody, happened_at, read_briefly, read_event
from engine.wire.telling import Tidings, says_no, tells

LONG_AGO = 90 * 24 * 3600 * 1000
"""What a page's key tells happened at most so long before it came, ms: anyone can read the key, and
the archive has files for each date there is."""


def hear(one: SetAside, catalogue: Catalogue, largest: int) -> tuple[EventBody, Tidings, str]:
    """An event of at most `largest` bytes, what it tells, and why nothing but its opt-out
    counts, if so. Raises InvalidRequest where it is faulty and opts out of nothing."""
    try:
        event = _read(one, largest)
        at = happened_at(event, one.sent_at, one.received_at)
        if not one.trusted:
            at = max(at, one.received_at - LONG_AGO)
        return event, tells(event, at, catalogue), ""
    except InvalidRequest as error:
        event = read_briefly(one.event, one.call)
        told = says_no(event, one.received_at, catalogue)
        if not told.opt_out:
            raise
        return event, told, said(error)


def seen_of(event: EventBody, one: SetAside, told: Tidings, flaw: str) -> Seen:
    """One message of one source counts once, whatever else the sender changed in a retry; one
    of which only the opt-out counted may count whole yet. A no without an id is known by its bytes
    and when they came, so that it is the same one when it is taken in after all."""
    kind, name = "n" if flaw else "e", event.message_id
    if not name and told.says_no:
        name = blake2b(b"%d:%b" % (one.received_at, one.event), digest_size=16).hexdigest()
    return Seen(f"{kind}:{one.source}:{name or secrets.token_hex(16)}", b"", b"")


def alone(seen: Seen) -> str:
    """The key that an event has where its opt-out is all that counts of it."""
    return f"n{seen.key[1:]}"


def said(error: TellerError) -> str:
    """Why an event is set aside."""
    return str(error).removeprefix(": ")


def _read(one: SetAside, largest: int) -> EventBody:
    if not one.event or len(one.event) > largest:
        detail = f"is over {largest:,} bytes, so it is not kept"
        raise InvalidRequest([Problem("", detail)])
    return read_event(one.event, one.call)
