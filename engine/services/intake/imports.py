"""Taking in a table of customers, consents or interactions: many customers in one trip.

Rows go through the same checks and the same functions as over HTTP. What meets someone else's
change, or a customer that was merged, goes the way of a single request instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from engine.change import Ask, Change, Committed
from engine.errors import InvalidRequest, Rejected
from engine.services.deciding.changes import retention
from engine.services.intake.interactions import Interactions
from engine.services.intake.lesson import Row, row_of
from engine.services.intake.lines import BadLine, Taken, said
from engine.services.intake.ways import Happened, Told, Way
from engine.services.people.customers import Customers
from engine.services.ports import Bulk, People, Serving
from engine.wire.imports import Kind, Reading
from engine.wire.one_interaction import InteractionBody
from engine.wire.tables import Line

T = TypeVar("T")


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
            happened = Happened(self._people, self._interactions, catalogue)
            return self._take(lines, lambda line: _keyed(*reading.interaction(line)), happened)
        read = reading.customer if kind == "customers" else reading.consent
        return self._take(lines, read, Told(self._people, self._customers, catalogue))

    def _take(
        self, lines: Iterable[Line], read: Callable[[Line], tuple[str, T]], way: Way[T]
    ) -> Taken:
        taken = Taken()
        theirs = _read(lines, read, taken.bad)
        asked = [Ask(customer_id, way.keys(rows)) for customer_id, rows in theirs.items()]
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


def _keyed(customer_id: str, body: InteractionBody) -> tuple[str, Row]:
    return customer_id, row_of(0, body)


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
            bad.append(BadLine(line, said(error)))
        except Rejected as error:
            bad.append(BadLine(line, str(error)))
    return theirs
