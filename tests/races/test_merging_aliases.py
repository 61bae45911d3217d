"""Many processes decide for, hear of, and merge the same few people under all their names.

`TELLER_RACE`, a multiple of 8, sets how much each does; `make proofs` runs 5,000 in each of 8.
A store that lets a fenced customer take changes is caught at 400.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

from engine.bootstrap import Application, open_application
from engine.settings import Settings
from engine.wire.decisions import read_decision
from engine.wire.interactions import read_interactions
from tests.builders import SCHEMA, action, files
from tests.processes import FORKED, all_at_once, stage, stands

PROCESSES = 8
EACH = int(os.environ.get("TELLER_RACE", "40"))
ROUNDS = 8  # with one person, before all turn to the next: merges go on to the end
PEOPLE = EACH // ROUNDS
ALIASES = 4
CAP = 10

Told = tuple[Counter[int], Counter[int]]


def _race(url: str, directory: str, worker: int) -> Told:
    """What one process was told to offer, and what it was acknowledged, by person."""
    offered: Counter[int] = Counter()
    accepted: Counter[int] = Counter()
    with open_application(_settings(url, Path(directory))) as application:
        for number in range(EACH):
            person, alias = number // ROUNDS, (number + worker // 4) % ALIASES
            if number % ROUNDS == 0:
                stands().line.wait(120)
            if number % 2:
                identity = f"loyalty:{person}-{(alias + worker) % ALIASES}"
                application.linking.link(f"c-{person}-{alias}", identity)
            reply = application.decisions.answer(_ask(person, alias, number), None, False)
            offered[person] += sum(len(placement.actions) for placement in reply.placements)
            rows = read_interactions(_call(person, alias, f"{worker}-{number}"))
            accepted[person] += application.interactions.take_in(rows).accepted
    return offered, accepted


def _name(person: int, alias: int, number: int) -> dict[str, str]:
    if number % 3 == 0:
        return {"identity": f"loyalty:{person}-{alias}"}
    return {"id": f"c-{person}-{alias}"}


def _ask(person: int, alias: int, number: int) -> object:
    body = {
        "customer": _name(person, alias, number),
        "channel": "web",
        "placements": [{"id": "home.hero"}],
    }
    return read_decision(json.dumps(body).encode())


def _call(person: int, alias: int, name: str) -> bytes:
    row = {"id": name, "customer": {"id": f"c-{person}-{alias}"}, "type": "call"}
    return json.dumps({"interactions": [row]}).encode()


def _settings(url: str, directory: Path) -> Settings:
    return Settings(
        directory / "catalogue",
        directory / "data",
        url,
        ("sk_race_0123456789",),
        archive="off",
        identity_limit=1_000,
    )


def _prepare(url: str, directory: Path) -> None:
    (directory / "catalogue").mkdir()
    cap = [{"id": "total", "applies": {"kind": "offer"}, "cap": CAP, "window": "7d"}]
    offers = [action(f"offer-{i:02}", value=float(10 + i), purpose="none") for i in range(3)]
    schema = {**SCHEMA, "identities": ["loyalty"]}
    for name, content in files(schema=schema, actions=offers, contact=cap).items():
        (directory / "catalogue" / name).write_bytes(content)
    with open_application(_settings(url, directory)) as application:
        for person in range(1, PEOPLE, 2):  # every other one is one customer from the start
            _make_one(application, person)


def _make_one(application: Application, person: int) -> set[str]:
    """Link all names of a person; the ids they have afterwards."""
    for alias in range(ALIASES):
        for identity in (f"loyalty:{person}-{alias}", f"loyalty:{person}-last"):
            application.linking.link(f"c-{person}-{alias}", identity)
    aliases = [f"c-{person}-{alias}" for alias in range(ALIASES)]
    return {application.customers.view(alias).customer_id for alias in aliases}


def test_merging_while_all_goes_on_loses_no_interaction_and_frees_no_cap(
    server_url: str, tmp_path: Path
) -> None:
    _prepare(server_url, tmp_path)
    jobs = [(server_url, str(tmp_path), worker) for worker in range(PROCESSES)]
    results = all_at_once(_race, jobs, stage(PROCESSES, FORKED), FORKED)
    offered = sum((one for one, _ in results), Counter[int]())
    accepted = sum((one for _, one in results), Counter[int]())
    assert sum(accepted.values()) == PROCESSES * EACH
    with open_application(_settings(server_url, tmp_path)) as application:
        application.merges.sweep()
        for person in range(PEOPLE):
            (one,) = _make_one(application, person)
            state = application.decisions._memory.load(one).state
            assert sum(tally.count for tally in state.events.tallies) == accepted[person]
            assert len(state.events.rows) == accepted[person]
            assert len(state.contacts.rows) == offered[person]
            assert len({row.decision for row in state.contacts.rows}) == offered[person]
            if person % 2:
                assert offered[person] == CAP
            again = application.decisions.answer(_ask(person, 0, 1), None, False)
            assert again.placements[0].fallback == (offered[person] >= CAP)
