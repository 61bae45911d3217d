"""What is done with one customer's rows, by what a file holds: what is so, or what happened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from msgspec.structs import replace

from engine import record
from engine.catalogue import Catalogue
from engine.change import Change, Loaded
from engine.errors import InvalidRequest
from engine.services.deciding.changes import change_of
from engine.services.intake.fate import Fate
from engine.services.intake.interactions import Interactions
from engine.services.intake.lesson import Lesson, Row, keys_of
from engine.services.intake.lines import BadLine, Taken, said
from engine.services.intake.made import Made
from engine.services.people.customers import Customers, changed, sections_of
from engine.services.ports import People
from engine.wire.customers import CustomerPatchBody
from engine.wire.imports import SOURCE
from engine.wire.tables import Line

T_contra = TypeVar("T_contra", contravariant=True)


class Way(Protocol[T_contra]):
    """What is done with one customer's rows of a kind of file."""

    def keys(self, rows: Sequence[tuple[Line, T_contra]]) -> list[str]:
        """The idempotency keys to ask for."""

    def learn(
        self, loaded: Loaded, rows: Sequence[tuple[Line, T_contra]], keep: int
    ) -> tuple[Change | None, Taken]:
        """The change they come to, if any, and what becomes of them once it is made."""

    def alone(self, customer_id: str, rows: Sequence[tuple[Line, T_contra]]) -> Taken:
        """The same for a customer whom many requests change at once."""


class Told:
    """Attributes or consents."""

    def __init__(self, people: People, customers: Customers, catalogue: Catalogue) -> None:
        self._people = people
        self._customers = customers
        self._catalogue = catalogue

    def keys(self, rows: Sequence[tuple[Line, CustomerPatchBody]]) -> list[str]:  # noqa: ARG002
        """None: what is so may be said again."""
        return []

    def learn(
        self, loaded: Loaded, rows: Sequence[tuple[Line, CustomerPatchBody]], keep: int
    ) -> tuple[Change | None, Taken]:
        taken, state, entries = Taken(), loaded.state, []
        for line, body in rows:
            now = replace(loaded, state=state)
            try:
                after, entry = changed(now, body, self._catalogue, SOURCE)
            except InvalidRequest as error:
                taken.bad.append(BadLine(line, said(error)))
                continue
            if (after.attributes, after.consent) == (state.attributes, state.consent):
                taken.known += 1
                continue
            taken.accepted += 1
            entries.append(record.encode(entry))
            state = after
        sections = sections_of(loaded.state, state)
        if "consent" not in sections and any(body.consent for _, body in rows):
            self._people.assure(state.customer_id)  # said before: now it must hold
        if not entries:
            return None, taken
        return change_of(loaded, sections, entries, (), keep), taken

    def alone(self, customer_id: str, rows: Sequence[tuple[Line, CustomerPatchBody]]) -> Taken:
        taken = Taken()
        for line, body in rows:
            try:
                self._customers.change(customer_id, body, SOURCE)
                taken.accepted += 1
            except InvalidRequest as error:
                taken.bad.append(BadLine(line, said(error)))
        return taken


class Happened:
    """Interactions."""

    def __init__(self, people: People, interactions: Interactions, catalogue: Catalogue) -> None:
        self._made = Made(people)
        self._interactions = interactions
        self._catalogue = catalogue

    def keys(self, rows: Sequence[tuple[Line, Row]]) -> list[str]:
        return keys_of(row for _, row in rows)

    def learn(
        self, loaded: Loaded, rows: Sequence[tuple[Line, Row]], keep: int
    ) -> tuple[Change | None, Taken]:
        lesson = Lesson(loaded, self._catalogue, self._made)
        keys = self.keys(rows)
        numbered = [row._replace(at=at) for at, (_, row) in enumerate(rows)]
        lesson.learn(numbered, dict(zip(keys, loaded.seen, strict=True)))
        taken = _taken(lesson.fate, rows)
        return (lesson.change(keep) if lesson.moved else None), taken

    def alone(self, customer_id: str, rows: Sequence[tuple[Line, Row]]) -> Taken:  # noqa: ARG002
        reply = self._interactions.take_in([one.body for _, one in rows])
        rejected = {row.index: row.reason for row in reply.rejected}
        return _taken(Fate(reply.accepted, reply.duplicates, rejected=rejected), rows)


def _taken(fate: Fate, rows: Sequence[tuple[Line, Row]]) -> Taken:
    bad = [BadLine(rows[at][0], why) for at, why in fate.rejected.items()]
    return Taken(fate.accepted, fate.duplicates, bad)
