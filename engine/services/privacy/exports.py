"""Everything held of a customer, for the customer."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from msgspec.structs import asdict

from engine.change import Entry
from engine.codec import unpack
from engine.errors import NotFound
from engine.facts import unpack_facts
from engine.record import DecisionRecord, Record
from engine.rows import DecisionRow, Row
from engine.services.people.customers import document
from engine.services.people.holdings import Holdings
from engine.services.people.timeline import History
from engine.services.ports import Serving
from engine.wire.privacy import (
    ExportReply,
    contacts_told,
    interactions_told,
    plain,
    totals_told,
)
from engine.wire.values import rfc3339


class Exports:
    """`GET /v1/customers/{id}/export`."""

    def __init__(self, held: Holdings, history: Callable[[], History], serving: Serving) -> None:
        self._held = held
        self._history = history
        self._serving = serving

    def export(self, customer_id: str) -> ExportReply:
        """Everything held. Raises NotFound when that is nothing."""
        person = self._held.of(customer_id)
        if person.unknown:
            raise NotFound("nothing is held of this customer")
        state, now = person.loaded.state, person.loaded.now
        live = self._serving.live
        return ExportReply(
            state.customer_id,
            rfc3339(now),
            document(state, live.catalogue, now) if state.revision else None,
            list(state.merged),
            contacts_told(state.contacts),
            interactions_told(state.events),
            totals_told(state.events),
            plain(state.events.open),
            [_told(entry, told) for entry, told in person.entries if told],
            [_readable(row) for row in self._archive_rows(person.subjects, now)],
        )

    def _archive_rows(self, subjects: Collection[str], now: int) -> list[Row]:
        return self._history().consistent(
            lambda archive: archive.rows(subjects, archive.first or 0, now + 1)
        )


def _readable(row: Row) -> dict[str, Any]:
    """A row of the archive, its facts unpacked."""
    document: dict[str, Any] = plain(row)
    if isinstance(row, DecisionRow):
        facts = asdict(unpack_facts(row.facts)) if row.facts else None
        document["facts"] = plain(facts)
    return document


def _told(entry: Entry, told: Record) -> dict[str, Any]:
    """A record for people's machines; the state a decision was made from unpacked."""
    document: dict[str, Any] = {"entry": entry.id, **plain(told)}
    if isinstance(told, DecisionRecord):
        document["state"] = plain(unpack(told.request.customer_id, told.state))
    return document
