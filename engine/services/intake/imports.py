"""Taking in a table of customers, consents or interactions: many customers in one trip.

Rows go through the same checks and the same functions as over HTTP. What meets someone else's
change, or a customer that was merged, goes the way of a single request instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeVar

from msgspec.structs import replace

from engine import record
from engine.catalogue import Catalogue
from engine.change import Change, Committed, Loaded
from engine.errors import InvalidRequest, Rejected
from engine.services.deciding.changes import change_of, retention
from engine.services.intake.fate import Fate
from engine.services.intake.interactions import Interactions
from engine.services.intake.lesson import Lesson, Row, keys_of, row_of
from engine.services.intake.made import Made
from engine.services.people.customers import Customers, changed, sections_of
from engine.services.ports import Bulk, People, Serving
from engine.wire.customers import CustomerPatchBody
from engine.wire.imports import SOURCE, Kind, Reading
from engine.wire.one_interaction import InteractionBody
from engine.wire.tables import Line

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class BadLine(NamedTuple):
    """A row kept out, and why."""

    line: Line
    what: str


@dataclass(slots=True)
class Taken:
    """What became of the rows: new, nothing new, kept out."""

    accepted: int = 0
    known: int = 0
    bad: list[BadLine] = field(default_factory=list)

    def add(self, other: Taken) -> None:
        """Count another's rows too."""
        self.accepted += other.accepted
        self.known += other.known
        self.bad += other.bad


class _Way(Protocol[T_contra]):
    """What is done with one customer's rows of a kind of file."""

    def keys(self, rows: Sequence[tuple[Line, T_contra]]) -> list[str]:
        """The idempotency keys to ask for."""

    def learn(
        self, loaded: Loaded, rows: Sequence[tuple[Line, T_contra]], keep: int
    ) -> tuple[Change | None, Taken]:
        """The change they come to, if any, and what becomes of them once it is made."""

    def alone(self, customer_id: str, rows: Sequence[tuple[Line, T_contra]]) -> Taken:
        """The same for a customer whom many requests change at once."""


class Imports:
    """`teller import`: what it takes in counts from the very next request."""

    def __init__(
        self,
        crowd: Bulk,
        people: People,
        serving: Serving,
        customers: Customers,
        interactions: Interactions,
    ) -> None:
        self._crowd = crowd
        self._people = people
        self._serving = serving
        self._customers = customers
        self._interactions = interactions

    def take(self, kind: Kind, lines: Sequence[Line], text: bool) -> Taken:
        """Take in some rows of a file; done twice, it is done once.

        `text`: every cell is text. Raises StoreUnavailable, StateUnknown or Contention, after
        which some of the rows may be in and all may be sent again.
        """
        catalogue = self._serving.live.catalogue
        reading = Reading(text, catalogue.scope.customer)
        if kind == "interactions":
            happened = _Happened(self._people, self._interactions, catalogue)
            return self._take(lines, lambda line: _keyed(*reading.interaction(line)), happened)
        read = reading.customer if kind == "customers" else reading.consent
        return self._take(lines, read, _Told(self._people, self._customers, catalogue))

    def _take(
        self, lines: Iterable[Line], read: Callable[[Line], tuple[str, T]], way: _Way[T]
    ) -> Taken:
        taken = Taken()
        theirs = _read(lines, read, taken.bad)
        asked = [(customer_id, way.keys(rows)) for customer_id, rows in theirs.items()]
        fates: dict[str, Taken] = {}
        changes: dict[str, Change] = {}
        keep = retention(self._serving.live)
        for customer_id, loaded in zip(theirs, self._crowd.load_all(asked), strict=True):
            if not (loaded.redirect or loaded.fence):
                change, fates[customer_id] = way.learn(loaded, theirs[customer_id], keep)
                if change:
                    changes[customer_id] = change
        results = self._crowd.commit_all([*changes.values()])
        for customer_id, result in zip(changes, results, strict=True):
            if not isinstance(result, Committed):
                del fates[customer_id]
        for customer_id, rows in theirs.items():
            taken.add(fates.get(customer_id) or way.alone(customer_id, rows))
        taken.bad.sort(key=lambda bad: bad.line.number)
        return taken


class _Told:
    """Attributes or consents."""

    def __init__(self, people: People, customers: Customers, catalogue: Catalogue) -> None:
        self._people = people
        self._customers = customers
        self._catalogue = catalogue

    def keys(self, rows: Sequence[tuple[Line, CustomerPatchBody]]) -> list[str]:  # noqa: ARG002
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
                taken.bad.append(BadLine(line, _said(error)))
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
                taken.bad.append(BadLine(line, _said(error)))
        return taken


class _Happened:
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


def _keyed(customer_id: str, body: InteractionBody) -> tuple[str, Row]:
    return customer_id, row_of(0, body)


def _taken(fate: Fate, rows: Sequence[tuple[Line, Row]]) -> Taken:
    bad = [BadLine(rows[at][0], why) for at, why in fate.rejected.items()]
    return Taken(fate.accepted, fate.duplicates, bad)


def _read(
    lines: Iterable[Line], read: Callable[[Line], tuple[str, T]], bad: list[BadLine]
) -> Mapping[str, list[tuple[Line, T]]]:
    """The rows that can be read, by customer; the others are kept out."""
    theirs: defaultdict[str, list[tuple[Line, T]]] = defaultdict(list)
    for line in lines:
        try:
            customer_id, body = read(line)
            theirs[customer_id].append((line, body))
        except InvalidRequest as error:
            bad.append(BadLine(line, _said(error)))
        except Rejected as error:
            bad.append(BadLine(line, str(error)))
    return theirs


def _said(error: InvalidRequest) -> str:
    """The fault by its column, which is the last step of its pointer."""
    names = [(one.pointer.rpartition("/")[2], one.detail) for one in error.problems]
    return "; ".join(f"{name}: {detail}" if name else detail for name, detail in names)
