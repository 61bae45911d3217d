"""Whatever happens in whatever order, and whenever the archive takes it in: a customer's pages
hold everything once, newest first, every answer under its decision."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.archive.opening import Keeping
from engine.bootstrap import assemble
from engine.services.people.timeline import Timeline
from engine.settings import Settings
from engine.store import Store
from engine.wire.timeline import ContactReply, TimelineReply, read_page
from tests.archive.builders import DAY, House, keep_all
from tests.http.catalogue import written

EXAMPLES = min(int(os.environ.get("TELLER_EXAMPLES", "20")), 1000)
WORDS = ("decide", "decide", "answer", "answer", "tell", "change", "archive", "tidy")
ACTS = st.tuples(st.sampled_from(WORDS), st.sampled_from((0, 1, 3, 20, 90)))
_numbers = count()


@pytest.fixture
def house(store: Store, server_url: str, tmp_path: Path) -> House:
    return House(store, server_url, tmp_path / "data")


@pytest.fixture
def served(house: House, tmp_path: Path) -> tuple[Timeline, Keeping]:
    """The timeline over the house's store and archive."""
    application = assemble(Settings(written(tmp_path), house.data), house.store)
    return application.timeline, house.keeping()


def live(
    house: House, keeping: Keeping, customer: str, acts: Sequence[tuple[str, int]]
) -> tuple[list[str], dict[str, list[str]], int]:
    """The visits told, the decisions made with their answers, and how many changes."""
    house.change(customer, plan="basic")
    visits: list[str] = []
    made: dict[str, list[str]] = {}
    changes = 1
    for number, (act, ago) in enumerate(acts):
        at = house.store.load(customer).now - ago * DAY
        if act == "decide":
            made[house.decide(customer, at=at)] = []
        elif act == "answer" and made:
            answered = sorted(made)[ago % len(made)]
            made[answered].append(house.answer(customer, answered, f"click-{number}"))
        elif act == "tell":
            visits.append(f"visit-{number}")
            house.tell(customer, visits[-1], at=at)
        elif act == "change":
            house.change(customer, plan="plus")
            changes += 1
        elif act == "archive":
            keep_all(keeping)
        elif act == "tidy":
            keeping.tidy()
    return visits, made, changes


def pages(timeline: Timeline, customer: str, limit: int) -> Iterator[TimelineReply]:
    cursor = ""
    while True:
        page = timeline.page(customer, read_page({"limit": str(limit), "cursor": cursor}))
        yield page
        if page.cursor is None:
            return
        cursor = page.cursor


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    acts=st.lists(ACTS, min_size=5, max_size=25), limit=st.integers(1, 6), archived=st.booleans()
)
def test_every_page_together_is_the_whole_history_once(
    house: House,
    served: tuple[Timeline, Keeping],
    acts: list[tuple[str, int]],
    limit: int,
    archived: bool,
) -> None:
    timeline, keeping = served
    customer = f"c-{next(_numbers)}"
    visits, made, changes = live(house, keeping, customer, acts)
    if archived:
        keep_all(keeping)
    told = list(pages(timeline, customer, limit))
    contacts = [one for page in told for channel in page.channels for one in channel.contacts]
    assert house.named(one.id for one in contacts if one.id) == sorted(visits)
    assert {one.decision_id: _answers(house, one) for one in contacts if one.decision_id} == {
        decision: sorted(answers) for decision, answers in made.items()
    }
    assert sum(bool(one.decision_id) for one in contacts) == len(made)
    assert sum(len(page.changes) for page in told) == changes
    times = [max(_times(page)) for page in told]
    assert times == sorted(times, reverse=True)
    assert all(len(list(_times(page))) <= limit for page in told)


def _answers(house: House, contact: ContactReply) -> list[str]:
    assert len(contact.offered) == 1
    assert not contact.answers
    return house.named(answer.id for answer in contact.offered[0].answers)


def _times(page: TimelineReply) -> Iterator[str]:
    for channel in page.channels:
        yield from (contact.at for contact in channel.contacts)
    yield from (change.at for change in page.changes)
