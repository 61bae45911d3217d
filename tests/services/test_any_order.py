"""Events that come late, in any order, more than once and in batches cut anywhere leave the
customer as they would have come in time; a no that any of them says holds.

TELLER_HISTORIES sets how many histories are played.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.bootstrap import Application
from engine.store import Store
from tests.services.conftest import worker
from tests.services.identities.people import take_in

MINUTE = timedelta(minutes=1)
HISTORIES = int(os.environ.get("TELLER_HISTORIES", "40"))
PLANS = ("basic", "plus", "fibre")
_numbers = count()


class Happened(NamedTuple):
    """One event, so many minutes ago, by a clock that is off by so many hours."""

    what: str
    ago: int
    off: int
    which: int


happened = st.builds(
    Happened,
    st.sampled_from(["view", "order", "plan", "visits", "forget", "no"]),
    st.integers(1, 10_000),
    st.sampled_from([0, 0, -20_000, 1, 9_000]),
    st.integers(0, 2),
)
histories = st.lists(happened, min_size=1, max_size=8, unique_by=lambda one: one.ago)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Happened], list[list[int]]]:
    """What happened, and batches of it, by number: every event at least once."""
    events = draw(histories)
    order = draw(st.permutations(range(len(events))))
    again = draw(st.lists(st.sampled_from(range(len(events))), max_size=4))
    sent = [*order, *again]
    cuts = sorted(draw(st.sets(st.integers(0, len(sent)), max_size=3)))
    ends = zip([0, *cuts], [*cuts, len(sent)], strict=True)
    return events, [sent[start:end] for start, end in ends if end > start]


@pytest.fixture
def workers(house: Path, store: Store) -> list[Application]:
    return [worker(house, store) for _ in range(2)]


@settings(max_examples=HISTORIES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(delivered=deliveries())
def test_events_in_any_order_leave_the_customer_as_those_in_time(
    workers: list[Application], delivered: tuple[list[Happened], list[list[int]]]
) -> None:
    events, batches = delivered
    late, timely = f"late-{next(_numbers)}", f"timely-{next(_numbers)}"
    for number, batch in enumerate(batches):
        take_in(workers[number % 2], *(_body(late, at, events[at]) for at in batch))
    inorder = sorted(range(len(events)), key=lambda at: -events[at].ago)
    take_in(workers[0], *(_body(timely, at, events[at]) for at in inorder))
    assert _known(workers[1], late) == _known(workers[1], timely) == _expected(events)


def _expected(events: Sequence[Happened]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    done = []
    for one in sorted(events, key=lambda one: -one.ago):
        if one.what == "plan":
            attributes["plan"] = PLANS[one.which]
        elif one.what == "visits":
            attributes["visits"] = one.which
        elif one.what == "forget":
            attributes.pop("plan", None)
        else:
            done.append({"view": "product-view", "order": "order", "no": "opt-out"}[one.what])
    noes = any(one.what == "no" for one in events)
    return {"attributes": attributes, "done": done, "denied": noes}


def _known(application: Application, customer: str) -> dict[str, Any]:
    held = application.customers.view(customer)
    said = held.consent.get("marketing")
    return {
        "attributes": held.attributes,
        "done": [row.type for row in reversed(held.recent)],
        "denied": said is not None and said.status == "denied",
    }


def _body(customer: str, at: int, one: Happened) -> dict[str, Any]:
    now = datetime.fromtimestamp(time.time(), UTC)
    clock = now + one.off * 60 * MINUTE
    body: dict[str, Any] = {
        "userId": customer,
        "messageId": f"{customer}-{at}",
        "originalTimestamp": (clock - one.ago * MINUTE).isoformat(),
        "sentAt": clock.isoformat(),
    }
    traits: dict[str, dict[str, Any]] = {
        "plan": {"plan": PLANS[one.which]},
        "visits": {"visits": one.which},
        "forget": {"plan": None},
    }
    if one.what in traits:
        return {**body, "type": "identify", "traits": traits[one.what]}
    names = {"view": "Product Viewed", "order": "Order Completed", "no": "Unsubscribed"}
    return {**body, "type": "track", "event": names[one.what]}
