"""What one process is told, another one decides from, at the very next request.

`make proofs` asks 10,000 times.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from engine import record
from engine.bootstrap import Application, assemble
from engine.codec import unpack
from engine.record import DecisionRecord
from engine.settings import Settings
from engine.store import Store, open_store
from engine.wire.decisions import read_decision
from engine.wire.interactions import read_interactions
from tests.builders import files

TIMES = 10_000 if int(os.environ.get("TELLER_RACE", "0")) >= 1_000 else 300
NAMES = ({"id": "c-1"}, {"identity": "email:ana@example.com"}, {"id": "c-2"})


def test_a_decision_sees_what_another_process_was_told_just_before(
    server_url: str, tmp_path: Path
) -> None:
    (tmp_path / "catalogue").mkdir()
    for name, content in files().items():
        (tmp_path / "catalogue" / name).write_bytes(content)
    with (
        open_store(server_url, tmp_path / "data") as here,
        open_store(server_url, tmp_path / "data") as there,
    ):
        told, asked = _worker(tmp_path, here), _worker(tmp_path, there)
        for customer in ("c-1", "c-2"):
            told.linking.link(customer, "email:ana@example.com")
        seen = 0
        for number in range(TIMES):
            _call(told, NAMES[number % 3], number)
            seen += _heard_of(asked, there, NAMES[(number + 1) % 3]) == number + 1
    assert seen == TIMES


def _worker(home: Path, store: Store) -> Application:
    return assemble(Settings(home / "catalogue", home / "data", archive="off"), store)


def _call(application: Application, customer: dict[str, str], number: int) -> None:
    row = {"id": f"m-{number}", "customer": customer, "type": "call"}
    rows = read_interactions(json.dumps({"interactions": [row]}).encode())
    assert application.interactions.take_in(rows).accepted == 1


def _heard_of(application: Application, store: Store, customer: dict[str, str]) -> int:
    """From how many calls it was decided, by the decision's own record."""
    body = {"customer": customer, "channel": "web", "placements": [{"id": "home.hero"}]}
    asked = read_decision(json.dumps(body).encode())
    made = application.decisions.answer(asked, None, False)
    found = store.find_decision(made.decision_id)
    assert found is not None
    entry = record.decode(found.record)
    assert isinstance(entry, DecisionRecord)
    events = unpack(made.customer_id, entry.state).events
    return sum(tally.count for tally in events.tallies)
