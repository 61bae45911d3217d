"""Households into the store: a load and a commit each, as every other change of a customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from demo.households import CONSENT_SOURCE, Household, Story
from demo.offers import action
from engine import record
from engine.change import Change, Committed, Conflict, Known, Loaded
from engine.codec import pack_attributes, pack_consent, pack_events
from engine.domain import Consent, Interaction
from engine.errors import Contention
from engine.memory.interactions import remember_event
from engine.record import CustomerRecord, InteractionRecord

_DAY = 86_400_000
RETENTION = 8 * _DAY
_REMEMBERED = 90 * _DAY


class Memory(Protocol):
    """What loading asks of the store."""

    def load(self, customer_id: str) -> Loaded: ...

    def commit(self, change: Change) -> Committed | Conflict | Known: ...


def load_households(
    memory: Memory, everyone: Iterable[Household], stories: Mapping[str, Story]
) -> int:
    """Create the households the store has never heard of, and tell it their stories; how many.

    One it knows is left as it is: what was done to it since the first start is not undone.
    """
    return sum(_create(memory, household, stories) for household in everyone)


def _create(memory: Memory, household: Household, stories: Mapping[str, Story]) -> bool:
    loaded = memory.load(household.customer_id)
    if loaded.state.revision:
        return False
    result = memory.commit(_change(loaded, household, stories.get(household.customer_id)))
    if not isinstance(result, Committed):
        raise Contention(f"{household.customer_id} is being changed by another: start again")
    return True


def _change(loaded: Loaded, household: Household, story: Story | None) -> Change:
    now = loaded.now
    attributes = dict(household.attributes)
    consent = {
        purpose: Consent(status, now, CONSENT_SOURCE)
        for purpose, status in household.consent.items()
    }
    told = CustomerRecord(household.customer_id, {**attributes}, consent, "demo", now)
    sections = {
        "attributes": pack_attributes(attributes),
        "consent": pack_consent(consent),
    }
    further: list[bytes] = []
    if story is not None:
        happened = _interaction(household.customer_id, story, now)
        sections["events"] = _remembered(loaded, happened)
        further.append(record.encode(InteractionRecord(household.customer_id, happened, None, now)))
    return Change(
        household.customer_id,
        loaded.state.revision,
        sections,
        now,
        record.encode(told),
        None,
        RETENTION,
        further=further,
    )


def _remembered(loaded: Loaded, happened: Interaction) -> bytes:
    about = action(happened.action) if happened.action else None
    since = loaded.now - _REMEMBERED
    return pack_events(remember_event(loaded.state.events, happened, about, since))


def _interaction(customer_id: str, story: Story, now: int) -> Interaction:
    return Interaction(
        id=f"demo-{customer_id}",
        type=story.type,
        at=now - story.ago,
        action=story.offer,
        channel="agent",
        topic=story.topic,
        status=story.status,
    )
