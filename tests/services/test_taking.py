"""What events change of a customer is the same whether all of them was loaded, or only what the
events look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.bootstrap import Application
from engine.change import Ask
from engine.services.deciding.changes import DAY
from engine.services.intake.hearing import hear, seen_of
from engine.services.intake.made import Made
from engine.services.intake.quarantine import SetAside
from engine.services.intake.taking import Row, sections_for, take
from engine.store import Store
from engine.wire.customers import CustomerPatchBody
from engine.wire.decisions import DecisionBody, PlacementBody
from engine.wire.identities import CustomerBody
from tests.http.catalogue import CATALOGUE, written
from tests.services.conftest import worker
from tests.services.identities.people import decide, known, take_in

LARGEST = 4_096


@pytest.fixture
def serving(tmp_path: Path, store: Store) -> Application:
    """A house where an event may set an attribute."""
    written(tmp_path, CATALOGUE + "events: {Plan Changed: {attributes: {plan: to}}}\n")
    return worker(tmp_path, store)


@pytest.fixture
def properties(serving: Application) -> dict[str, Any]:
    """What names an offer, on hold, to a customer of whom everything is held."""
    known(serving, "c-1")
    serving.customers.change(
        "c-1", CustomerPatchBody({"visits": 3}, {"personalisation": "granted"})
    )
    decide(serving, id="c-1")
    body = DecisionBody(CustomerBody("c-1"), "agent", [PlacementBody("agent.next")])
    made = serving.decisions.answer(body, None, False)
    take_in(serving, {**SEEN, "userId": "c-1", "messageId": "before"})
    (action,) = made.placements[0].actions or ()
    return {"decision_id": made.decision_id, "action": action.action, "to": "plus"}


SEEN = {"type": "track", "event": "Seen"}
PLAN = {"type": "identify", "traits": {"plan": "plus"}}
CHANGED = {"type": "track", "event": "Plan Changed"}
SAID_NO = {"type": "track", "event": "Unsubscribed"}
CLICKED = {"type": "track", "event": "Promotion Clicked"}
ORDERED = {"type": "track", "event": "Order Completed"}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(
        st.sampled_from([SEEN, PLAN, CHANGED, SAID_NO, CLICKED, ORDERED]), min_size=1, max_size=4
    ),
)
def test_events_change_the_same_from_what_they_look_at_as_from_the_whole_customer(
    serving: Application,
    store: Store,
    properties: dict[str, Any],
    events: list[dict[str, Any]],
) -> None:
    now = store.load("c-1").now
    catalogue = serving.served.live.catalogue
    rows = []
    for at, said in enumerate(events):
        body = {**said, "userId": "c-1", "messageId": f"m-{at}", "properties": properties}
        sent = SetAside(msgspec.json.encode(body), "", "server", True, now, now, "")
        event, told, flaw = hear(sent, catalogue, LARGEST)
        rows.append(Row(at, told, seen_of(event, sent, told, flaw), True))
    asked = Ask("c-1", [key for row in rows for key in row.keys])
    made = Made(serving.decisions._memory)
    whole, part = (
        take(msgspec.structs.replace(loaded, now=now), rows, catalogue, made, DAY)
        for loaded in store.load_all([asked, asked._replace(sections=sections_for(rows))])
    )
    assert part == whole
    assert part.change is not None
