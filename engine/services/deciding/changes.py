"""What the commit of a decision writes, and for how long that is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import msgspec

from engine import record
from engine.change import Change, Loaded, Seen
from engine.codec import pack, pack_contacts
from engine.domain import CustomerState
from engine.plan import DecisionRequest, Plan
from engine.record import DecisionRecord
from engine.situation import Live

DAY = 24 * 3600 * 1000
_SEEN_FOR = 14 * DAY  # the store keeps an idempotency key for one to two weeks


def changed_by(
    request: DecisionRequest, loaded: Loaded, live: Live, plan: Plan, asked: Sequence[Seen]
) -> Change:
    """The change a plan makes; one that contacts nobody appends its record and no more."""
    entry = DecisionRecord(
        plan.decision_id,
        request,
        loaded.packed,
        loaded.state.revision,
        loaded.now,
        live.catalogue.digest,
        dict(live.versions),
        record.bare(plan),
    )
    contacts = plan.contacts
    answered = (plan.repeat or plan.decision_id).encode()
    return Change(
        request.customer_id,
        None if contacts is None else loaded.state.revision,
        {} if contacts is None else {"contacts": pack_contacts(contacts)},
        loaded.now,
        record.encode(entry),
        plan.decision_id,
        retention(live),
        [row._replace(answer=answered) for row in asked],
        known=loaded.state.revision > 0,
        since=_since(loaded),
    )


def change_of(
    loaded: Loaded,
    sections: Mapping[str, bytes],
    entries: Sequence[bytes],
    seen: Sequence[Seen],
    keep: int,
) -> Change:
    """The change made by what was told of a customer: the sections that moved, and one record or
    more, kept for `keep` ms."""
    return Change(
        loaded.state.customer_id,
        loaded.state.revision,
        sections,
        loaded.now,
        entries[0],
        None,
        keep,
        seen,
        entries[1:],
        since=_since(loaded),
    )


def moved(before: CustomerState, after: CustomerState, sections: Iterable[str]) -> dict[str, bytes]:
    """Those of the named sections that are not what they were, as stored."""
    return pack(after, [one for one in sections if getattr(after, one) != getattr(before, one)])


def _since(loaded: Loaded) -> int | None:
    return loaded.state.clock if loaded.state.revision else None


def retention(live: Live) -> int:
    """How long, in ms, a record is kept: as long as an outcome or a retry may ask for it."""
    attribution: int = live.catalogue.strategy.attribution
    return max(attribution, _SEEN_FOR) + DAY


def seen_of(request: DecisionRequest) -> list[Seen]:
    """The request's idempotency key, if it has one and commits anything."""
    if request.request_id is None or request.mode != "live":
        return []
    body = msgspec.json.encode(request, order="deterministic")
    return [Seen(f"d:{request.request_id}", blake2b(body, digest_size=16).digest(), b"")]
