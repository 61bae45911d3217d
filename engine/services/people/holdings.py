"""Where a customer is held, under every id they ever had: for who must find all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine import record
from engine.change import Entry, Loaded
from engine.partitions import partition_of
from engine.record import Record
from engine.services.people.timeline import Log
from engine.services.ports import People


@dataclass(slots=True)
class Person:
    """One customer under all the ids it ever had, the one it has now first.

    `entries` are the log's, with None for what cannot be read and spells one of the ids.
    """

    ids: tuple[str, ...]
    loaded: Loaded
    entries: list[tuple[Entry, Record | None]] = field(default_factory=list)

    @property
    def subjects(self) -> set[str]:
        """What the archive calls them."""
        state = self.loaded.state
        return {state.subject, *state.formerly} - {""}

    @property
    def unknown(self) -> bool:
        """Nothing is held of them."""
        return not self.entries and not self.loaded.state.revision and len(self.ids) == 1

    def still(self, loaded: Loaded) -> bool:
        """Whether this, loaded later, is the same customer under no further name."""
        state = loaded.state
        return (
            state.customer_id == self.ids[0]
            and {*state.merged} <= {*self.ids}
            and {*state.identities} <= {*self.loaded.state.identities}
        )


class Holdings:
    """Gathers what the store holds of one customer: the state, and every entry of the log."""

    def __init__(self, people: People, log: Log) -> None:
        self._people = people
        self._log = log

    def of(self, customer_id: str) -> Person:
        """The customer of this id, or that it was merged into. Raises as the store."""
        loaded = self._people.load(customer_id)
        ids = dict.fromkeys((loaded.state.customer_id, *loaded.state.merged, customer_id))
        person = Person(tuple(ids), loaded)
        for partition in sorted({partition_of(one) for one in ids}):
            person.entries.extend(theirs(self._log.log(partition), ids))
        return person

    def now(self, person: Person) -> Loaded:
        """The same customer as it is by now. Raises as the store."""
        return self._people.load(person.ids[0])


def theirs(log: Iterable[Entry], ids: Iterable[str]) -> Iterator[tuple[Entry, Record | None]]:
    """The entries about any of these ids; most others are told by their bytes alone.

    What cannot be read is theirs too if it spells an id: None, it can be deleted but not told.
    """
    wanted = set(ids)
    spelled = [one.encode() for one in wanted]
    for entry in log:
        if any(one in entry.data for one in spelled):
            told = record.legible(entry.data)
            if told is None or record.customer_of(told) in wanted:
                yield entry, told
