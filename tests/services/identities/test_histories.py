"""Whatever is linked, merged, told, sent again and erased, in whatever order and by whichever
process: everybody is who a plain model says.

TELLER_HISTORIES sets how many histories are played.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.bootstrap import Application
from engine.errors import IdentityShared, InvalidRequest, NotFound
from engine.store import Store
from engine.wire.customers import CustomerPatchBody
from tests.services.conftest import worker
from tests.services.identities.people import holder, take_in, visit, visits
from tests.services.identities.plain import MADE, Plain, Said, SharedError

HISTORIES, STEPS = int(os.environ.get("TELLER_HISTORIES", "20")), 20
LIMIT = 2
USERS, DEVICES, MAILS, KEYS = 4, 3, 3, 6

who, where, mail = st.integers(0, USERS - 1), st.integers(0, DEVICES - 1), st.integers(0, MAILS - 1)
key = st.integers(0, KEYS - 1)
name = st.one_of(st.tuples(st.just("anonymous"), where), st.tuples(st.just("email"), mail))
event = st.one_of(
    st.tuples(st.just("identify"), who, st.none() | where, st.none() | mail),
    st.tuples(st.just("identify"), st.none(), where, st.none()),
    st.tuples(st.just("track"), who, st.none(), st.sampled_from([0, 0, 1])),
    st.tuples(st.just("track"), st.none(), where, st.sampled_from([0, 0, 1])),
    st.tuples(st.just("alias"), who, st.booleans(), st.integers(0, 3)),
)
act = st.one_of(
    st.tuples(st.just("batch"), st.lists(event, min_size=1, max_size=6)),
    st.tuples(st.just("batch"), st.lists(event, min_size=1, max_size=6)),
    st.tuples(st.just("link"), who, name),
    st.tuples(st.just("visit"), key, st.one_of(who, name)),
    st.tuples(st.just("told"), who, st.sampled_from(["granted", "denied"])),
    st.tuples(st.just("erase"), who),
    st.tuples(st.just("again"), st.integers(0, 3)),
)
history = st.lists(st.tuples(st.integers(0, 1), act), min_size=5, max_size=STEPS)
_numbers = count()


class Town:
    """Some people at a house of two processes, and the model of them."""

    def __init__(self, store: Store, workers: Sequence[Application]) -> None:
        self.model = Plain(LIMIT)
        self._store = store
        self._workers = workers
        self._name = f"t{next(_numbers)}"
        self._keys = count()
        self._batches: list[list[Said]] = []

    def play(self, at: int, what: str, *given: object) -> None:
        getattr(self, f"_{what}")(self._workers[at], *given)

    def check(self, at: int) -> None:
        one, model = self._workers[at], self.model
        for user in map(self._user, range(USERS)):
            person = model.people.get(user)
            try:
                told = one.customers.view(user)
            except NotFound:
                assert person is None, user
                continue
            assert person is not None, user
            assert set(told.identities) == person.names
            assert visits(self._store, told.customer_id) == person.count
            said = told.consent.get("marketing")
            assert (said.status if said else None) == person.consent
            export = one.exports.export(user)
            assert export.customer == told
            assert {told.customer_id, *export.merged} >= person.ids - {MADE}
            for other in map(self._user, range(USERS)):
                if other in model.people:
                    same = one.customers.view(other).customer_id == told.customer_id
                    assert same == (model.people[other] is person), (user, other)
        for each in self._names():
            leads = holder(self._store, each)
            held = model.holders.get(each)
            assert bool(leads) == (held is not None), each
            if held is not None:
                state = one.customers.view(leads)
                assert set(state.identities) == held.names
                assert visits(self._store, state.customer_id) == held.count
        apart = {each for each in one.linking.shared().identities if self._name in each}
        assert apart == {each for each in self._names() if model.apart(each)}

    def _user(self, number: int) -> str:
        return f"{self._name}-u{number}"

    def _of(self, name: tuple[str, int]) -> str:
        space, number = name
        tail = "@x.pt" if space == "email" else ""
        return f"{space}:{self._name}-{space[0]}{number}{tail}"

    def _names(self) -> Iterator[str]:
        yield from (self._of(("anonymous", number)) for number in range(DEVICES))
        yield from (self._of(("email", number)) for number in range(MAILS))
        yield from (f"anonymous:{self._user(number)}" for number in range(USERS))

    def _said(self, call: str, user: int | None, device: int | None, third: int | None) -> Said:
        key = f"{self._name}-{next(self._keys)}"
        named = "" if user is None else self._user(user)
        if call == "alias":
            space = "anonymous" if device else ""
            of = (
                self._of((space, third % DEVICES)).partition(":")[2] if space else self._user(third)
            )
            return Said(call, key, named, previous=of)
        at = "" if device is None else self._of(("anonymous", device)).partition(":")[2]
        if call == "track":
            return Said(call, key, named, at, event=("Product Viewed", "Unsubscribed")[third])
        mail = "" if third is None else self._of(("email", third)).partition(":")[2]
        return Said(call, key, named, at, mail)

    def _batch(self, one: Application, events: Sequence[tuple[str, int, int, int]]) -> None:
        self._batches.append([self._said(*each) for each in events])
        self._take(one, self._batches[-1])

    def _again(self, one: Application, back: int) -> None:
        """A batch that was taken in before comes once more."""
        if back < len(self._batches):
            self._take(one, self._batches[-1 - back])

    def _take(self, one: Application, events: Sequence[Said]) -> None:
        if self.model.batch(events):
            take_in(one, *map(_body, events))
        else:
            with pytest.raises(InvalidRequest, match="share this identity"):
                take_in(one, *map(_body, events))
        self._tick()

    def _link(self, one: Application, user: int, name: tuple[str, int]) -> None:
        try:
            self.model.link(self._user(user), self._of(name))
        except SharedError:
            with pytest.raises(IdentityShared):
                one.linking.link(self._user(user), self._of(name))
        else:
            one.linking.link(self._user(user), self._of(name))

    def _visit(self, one: Application, key: int, of: int | tuple[str, int]) -> None:
        """An id and a body go together: whoever is named otherwise in it was not told before."""
        if isinstance(of, int):
            told = f"{self._name}-v{key}-{of}"
            expected = self.model.visit(told, user=self._user(of))
            assert visit(one, told, id=self._user(of)) == expected
        else:
            named = self._of(of)
            told = f"{self._name}-v{key}-{named}"
            expected = self.model.visit(told, name=named)
            assert visit(one, told, identity=named) == expected

    def _told(self, one: Application, user: int, status: str) -> None:
        one.customers.change(self._user(user), CustomerPatchBody({}, {"marketing": status}))
        self.model.told(self._user(user), status)
        self._tick()

    def _erase(self, one: Application, user: int) -> None:
        one.privacy.erase(self._user(user))
        self.model.erase(self._user(user))

    def _tick(self) -> None:
        """Until the store's clock has moved on: of two told at once the no holds."""
        before = self._store.load("clock").now
        while self._store.load("clock").now == before:
            pass


def _body(said: Said) -> dict[str, object]:
    body: dict[str, object] = {"type": said.call, "messageId": said.key}
    if said.user:
        body["userId"] = said.user
    if said.device:
        body["anonymousId"] = said.device
    if said.mail:
        body["traits"] = {"email": said.mail}
    if said.call == "alias":
        body["previousId"] = said.previous
    if said.call == "track":
        body["event"] = said.event
    return body


@pytest.fixture
def workers(house: Path, store: Store) -> list[Application]:
    return [worker(house, store, LIMIT) for _ in range(2)]


@settings(
    max_examples=HISTORIES,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(acts=history)
def test_everybody_is_who_a_plain_model_says(
    store: Store, workers: list[Application], acts: list[tuple]
) -> None:
    town = Town(store, workers)
    for at, (what, *how) in acts:
        town.play(at, what, *how)
    town.check(0)
    town.check(1)
