"""Whatever happened, and wherever, a worker that remembers answers as one that always asks.

TELLER_HISTORIES sets how many histories are played.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from msgspec import UNSET

from engine import record
from engine.bootstrap import Application, assemble
from engine.codec import unpack
from engine.errors import TellerError
from engine.partitions import partition_of
from engine.record import CustomerRecord, DecisionRecord
from engine.services.deciding.recent import LIFE, Moment
from engine.settings import Settings
from engine.store import Store, open_store
from engine.wire.customers import CustomerPatchBody
from engine.wire.decisions import DecisionBody, PlacementBody
from engine.wire.identities import CustomerBody
from engine.wire.one_interaction import InteractionBody
from engine.wire.replies import DecisionReply
from tests.http.catalogue import CATALOGUE, written
from tests.races.planted import CheckThenAct
from tests.services.identities.people import known, next_moment, take_in

HISTORIES, STEPS = int(os.environ.get("TELLER_HISTORIES", "20")), 60
YES = CustomerPatchBody({"plan": "basic"}, {"marketing": "granted"})
NO = CustomerPatchBody({}, {"marketing": "denied"})
FIBRE = CustomerPatchBody({"plan": "fibre"}, {})
HERO, STRIP, NEXT = (PlacementBody(id) for id in ("home.hero", "home.strip", "agent.next"))


class Forgetful:
    """Clocks by which everything was always too long ago."""

    def __init__(self) -> None:
        self._at = 0

    def __call__(self) -> Moment:
        self._at += 2 * LIFE
        return self._at, self._at


class Family:
    """Two workers, and customers of their own whose names begin alike."""

    def __init__(self, name: str, workers: Sequence[Application]) -> None:
        self.name = name
        self._workers = workers
        self._made: list[DecisionReply] = []

    def told(self, at: int, who: int, patch: CustomerPatchBody) -> object:
        return self._workers[at].customers.change(self._id(who), patch).revision

    def linked(self, at: int, who: int, card: int) -> object:
        return self._workers[at].linking.link(self._id(who), self._card(card)).revision

    def erased(self, at: int, who: int) -> None:
        self._workers[at].privacy.erase(self._id(who))

    def visited(self, at: int, who: int, name: int) -> object:
        customer = CustomerBody(self._id(who))
        row = InteractionBody(f"v-{name}", customer, type="visit", channel="web")
        return self._workers[at].interactions.take_in([row])

    def tracked(self, at: int, who: int, name: int, by_card: bool) -> None:
        """What a site's SDK saw, of a customer or of a visitor."""
        whose = {"userId": self._id(who)} if not by_card else {"anonymousId": f"{self.name}v{who}"}
        said = {"type": "track", "event": "Seen", "messageId": f"{self.name}-{name}", **whose}
        take_in(self._workers[at], said)

    def answered(self, at: int, which: int, outcome: str) -> object:
        """An outcome of one of the decisions so far that offered anything, the latest first."""
        offers = [made for made in reversed(self._made) if made.placements[0].actions]
        if not offers:
            return None
        made = offers[which % len(offers)]
        place = made.placements[0]
        row = InteractionBody(
            f"o-{which}-{outcome}",
            decision_id=made.decision_id,
            action=(place.actions or [])[0].action,
            placement=place.id,
            outcome=outcome,
        )
        reply = self._workers[at].interactions.take_in([row])
        return reply.accepted, reply.duplicates, len(reply.rejected)

    def decided(
        self, at: int, who: int, places: list[PlacementBody], number: int, by_card: bool
    ) -> object:
        """What was offered, why nothing else was, and whether it was an earlier decision. Not which
        of them: two customers who became one may each have one on hold, and what is recalled of the
        store's clock lags by as long as it took to decide."""
        named = {"identity": self._card(who)} if by_card else {"id": self._id(who)}
        body = DecisionBody(
            CustomerBody(**named),
            "agent" if NEXT in places else "web",
            places,
            explain="full",
            mode="preview" if number == 0 else "live",
            request_id=f"r-{number}" if number < 4 else UNSET,
        )
        made = self._workers[at].decisions.answer(body, None, False)
        again = made.decision_id in [earlier.decision_id for earlier in self._made]
        if not again:
            self._made.append(made)
        offers = [[one.action for one in place.actions or ()] for place in made.placements]
        return offers, made.candidates, made.degraded, again

    def _id(self, who: int) -> str:
        return f"{self.name}-{who}"

    def _card(self, card: int) -> str:
        return f"loyalty:{self.name}x{card}"


class Worlds:
    """New families over one store: of workers that remember, and of such that always ask."""

    def __init__(self, home: Path, store: Store) -> None:
        self._settings = Settings(home / "catalogue", home / "data", archive="off")
        self._store = store
        self._count = 0

    def new(self) -> tuple[Family, Family]:
        """The same family twice, each of two customers who may be shown offers."""
        self._count += 1
        remembering = [assemble(self._settings, self._store) for _ in range(2)]
        asking = [assemble(self._settings, self._store, clocks=Forgetful()) for _ in range(2)]
        families = (
            Family(f"r{self._count}", remembering),
            Family(f"a{self._count}", asking),
        )
        for family in families:
            for who in range(2):
                family.told(0, who, YES)
                family.linked(0, who, who)
                self.tick()
        return families

    def tick(self) -> None:
        """What is said in the same millisecond has no order."""
        next_moment(self._store)


@pytest.fixture(scope="module")
def worlds(running_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    home = tmp_path_factory.mktemp("house")
    written(home, CATALOGUE.replace("cap: 2,", "cap: 15,"))
    with open_store(running_server, home / "data") as store:
        yield Worlds(home, store)


Step = tuple[Callable[..., object], tuple[object, ...]]
PLACES = ([HERO], [HERO], [STRIP], [HERO, STRIP], [NEXT])
OUTCOMES = (*("impression", "click", "not_sent") * 4, "reject", "unsubscribe")


def step(draw: Random) -> Step:
    """Mostly the first worker decides for the first customer, as most remembering needs."""
    at, who = draw.choice((0, 0, 0, 0, 1)), draw.choice((0, 0, 0, 1))
    steps: tuple[Step, ...] = (
        (Family.decided, (at, who, draw.choice(PLACES), draw.randrange(16), draw.random() < 0.3)),
        (Family.told, (at, who, draw.choice((*[YES] * 6, NO, FIBRE)))),
        (Family.answered, (at, draw.randrange(3), draw.choice(OUTCOMES))),
        (Family.visited, (at, who, draw.randrange(6))),
        (Family.tracked, (at, who, draw.randrange(6), draw.random() < 0.2)),
        (Family.linked, (at, who, draw.randrange(2))),
        (Family.erased, (at, who)),
    )
    return draw.choices(steps, (60, 12, 6, 6, 6, 3, 1))[0]


def came_of(family: Family, step: Step) -> object:
    act, given = step
    try:
        return act(family, *given)
    except TellerError as error:
        return type(error)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_workers_that_remember_answer_as_such_that_always_ask(worlds: Worlds, seed: int) -> None:
    draw = Random(seed)
    remembering, asking = worlds.new()
    for _ in range(STEPS):
        taken = step(draw)
        worlds.tick()
        assert came_of(remembering, taken) == came_of(asking, taken)


# ── at once ──────────────────────────────────────────────────────────────────────────

THREADS, TURNS = 4, 40


def test_every_offer_was_made_from_all_that_had_happened_before_it(
    server_url: str, tmp_path: Path
) -> None:
    assert _stale(server_url, tmp_path, naive=False) == 0


def test_the_same_check_catches_workers_that_commit_over_each_other(
    server_url: str, tmp_path: Path
) -> None:
    assert _stale(server_url, tmp_path, naive=True) > 0


def _stale(url: str, home: Path, *, naive: bool) -> int:
    """How many offers, of those that threads of two workers made of one customer who changed
    their mind meanwhile, were made from less than the log held by then."""
    written(home, CATALOGUE.replace("cap: 2,", "cap: 1000,"))
    settings = Settings(home / "catalogue", home / "data", archive="off")
    with open_store(url, home / "data") as store:
        workers = [assemble(settings, store) for _ in range(2)]
        known(workers[0], "c-1")
        if naive:
            for worker in workers:
                worker.decisions._commits._memory = CheckThenAct(store)  # type: ignore[assignment]
        _at_once([_Deciding(workers[n % 2], Random(n)) for n in range(THREADS)])
        return _stale_offers(store, "c-1")


class _Deciding:
    """Decides again and again; now and then the customer says yes or no."""

    def __init__(self, worker: Application, draw: Random) -> None:
        self._worker = worker
        self._draw = draw

    def __call__(self) -> None:
        body = DecisionBody(CustomerBody("c-1"), "web", [HERO])
        for _ in range(TURNS):
            if self._draw.random() < 0.2:
                self._worker.customers.change("c-1", self._draw.choice([YES, NO]))
            self._worker.decisions.answer(body, None, False)


def _at_once(acts: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class _Known(NamedTuple):
    """What of a customer the log says up to an entry."""

    consent: str
    offers: set[str]


def _stale_offers(store: Store, customer_id: str) -> int:
    """Read the log in order: each offer must have been made from all offers before it, and from
    the latest yes."""
    stale = 0
    known = _Known("", set())
    for entry in store.erasure.log(partition_of(customer_id)):
        told = record.decode(entry.data)
        if isinstance(told, CustomerRecord):
            said = told.consent.get("marketing")
            known = known._replace(consent=said.status) if said else known
        if isinstance(told, DecisionRecord) and told.plan.placements[0].actions:
            state = unpack(customer_id, told.state)
            seen = {row.decision for row in state.contacts.rows}
            stale += (state.consent["marketing"].status, seen) != known
            known.offers.add(told.decision_id)
    return stale
