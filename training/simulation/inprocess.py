"""The engine in this process: its services over a real store, by a clock of the simulation's.

The only module of training that puts the engine together; it decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from engine.bootstrap import Application, assemble
from engine.catalogue import Catalogue
from engine.change import Change, Committed, Conflict, Entry, Known, Loaded
from engine.partitions import partition_of
from engine.settings import OFF, Settings
from engine.situation import Live
from engine.store import Store, open_store
from engine.wire.customers import ConsentBody, CustomerPatchBody, Status
from engine.wire.decisions import DecisionBody, PlacementBody
from engine.wire.identities import CustomerBody
from engine.wire.one_interaction import InteractionBody
from training.simulation.house import Offer
from training.simulation.world import DAY, START, Person, Visit, World

_LONG_BEFORE = 1_000 * DAY
_PATIENCE = 5.0  # seconds; a simulation is in no hurry


class Clocked(Store):
    """A store by a clock of ours, `now` in ms; `heard` are the log's new entries."""

    def __init__(self, store: Store) -> None:
        vars(self).update(vars(store))
        self.now = START - _LONG_BEFORE
        self.heard: list[Entry] = []
        self._count = 0

    def load(
        self, customer_id: str, seen: Sequence[str] = (), deadline: float | None = None
    ) -> Loaded:
        loaded = super().load(customer_id, seen, deadline)
        return replace(loaded, now=max(self.now, loaded.state.clock))

    def commit(self, change: Change, deadline: float | None = None) -> Committed | Conflict | Known:
        partition = partition_of(change.customer_id)
        for data in (change.entry, *change.further):
            self._count += 1
            self.heard.append(Entry(partition, f"{self.now}-{self._count}", data))
        return super().commit(change, deadline)


class InProcess:
    """`live` is what decides, and may be exchanged at any time; `catalogue` is the world's.

    `frozen`: the clock stands still.
    """

    def __init__(
        self, application: Application, store: Clocked, world: World, frozen: bool
    ) -> None:
        self.catalogue: Catalogue = application.served.live.catalogue
        self._frozen = frozen
        self._application = application
        self._store = store
        self._placement = PlacementBody(world.placement, 1)
        self._channel = world.channel

    @property
    def live(self) -> Live:
        """What decides just now."""
        return self._application.served.live

    @live.setter
    def live(self, live: Live) -> None:
        self._application.served.live = live

    def heard(self) -> list[Entry]:
        """The log's entries since this was last asked."""
        entries, self._store.heard = self._store.heard, []
        return entries

    def welcome(self, people: Iterable[Person]) -> None:
        for person in people:
            consent: dict[str, Status | ConsentBody] = dict.fromkeys(person.granted, "granted")
            body = CustomerPatchBody(dict(person.attributes), consent)
            self._application.customers.change(person.customer_id, body)

    def decide(self, visit: Visit, person: Person) -> Offer:
        if not self._frozen:
            self._store.now = visit.at
        body = DecisionBody(
            CustomerBody(person.customer_id), self._channel, [self._placement], explain="none"
        )
        reply = self._application.decisions.answer(body, None, privacy_signal=False)
        for one in reply.placements[0].actions:
            return Offer(reply.decision_id, one.action, one.propensity, one.selection_probability)
        return Offer(reply.decision_id, "")

    def accepted(self, visit: Visit, person: Person, offer: Offer) -> None:
        said = InteractionBody(
            visit.id.replace("/", "-"), CustomerBody(person.customer_id), offer.decision_id,
            "accept", action=offer.action,
        )  # fmt: skip
        told = self._application.interactions.take_in([said])
        if told.accepted != 1:
            raise AssertionError(f"the engine took no answer: {told.rejected}")


@contextmanager
def in_process(world: World, data: Path, seed: int, *, frozen: bool = False) -> Iterator[InProcess]:
    """An engine with nobody in it yet, that serves the world's catalogue from `data`."""
    directory = data / "catalogue"
    write(world.files, directory)
    settings = Settings(directory, data, archive=OFF, durability="memory")
    chance = np.random.default_rng((seed, 3))
    with open_store(None, data, _PATIENCE, settings.durability) as store:
        clocked = Clocked(store)
        application = assemble(settings, clocked, chance.bytes, lambda: (clocked.now, clocked.now))
        yield InProcess(application, clocked, world, frozen)


def write(files: Mapping[str, bytes], directory: Path) -> None:
    """A catalogue's files into a directory."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
