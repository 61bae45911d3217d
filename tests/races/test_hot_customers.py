"""Many processes decide for the same few customers at once: caps hold, to the last contact (I1).

`TELLER_RACE` sets the decisions a process makes; `make proofs` runs 5,000 in each of 8.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

from engine.bootstrap import open_application
from engine.change import Change, Committed
from engine.codec import pack_consent
from engine.domain import Consent
from engine.settings import Settings
from engine.store import open_store
from engine.wire.decisions import read_decision
from tests.builders import action, files
from tests.processes import FORKED, all_at_once, stage, stands
from tests.races.planted import CheckThenAct

PROCESSES = 8
DECISIONS = int(os.environ.get("TELLER_RACE", "150"))
CUSTOMERS = 50
CAP = 10 if DECISIONS < 1_000 else 100
CAP_PER_ACTION = 3 if DECISIONS < 1_000 else 15
DAY = 86_400_000


def _race(url: str, directory: str, worker: int, naive: bool) -> Counter[tuple[str, str]]:
    """What one process was told to offer, counted by customer and action."""
    settings = Settings(
        Path(directory) / "catalogue", Path(directory) / "data", url, ("sk_race_0123456789",)
    )
    offered: Counter[tuple[str, str]] = Counter()
    with open_application(settings) as application:
        decisions = application.decisions
        if naive:
            commits = decisions._commits  # planted where the real store stands
            commits._memory = CheckThenAct(commits._memory)
        for number in range(DECISIONS):
            if number % CUSTOMERS == 0:
                stands().line.wait(120)  # on a busy core one would be done before the next begins
            customer = f"hot-{(number + worker) % CUSTOMERS}"
            answer = decisions.answer(read_decision(_body(customer)), None, False)
            for placement in answer.placements:
                offered.update((customer, chosen.action) for chosen in placement.actions)
    return offered


def _body(customer: str) -> bytes:
    return json.dumps(
        {"customer": {"id": customer}, "channel": "web", "placements": [{"id": "home.hero"}]}
    ).encode()


def _prepare(url: str, directory: Path) -> None:
    """A catalogue of twelve offers under two caps, and fifty customers who said yes."""
    (directory / "catalogue").mkdir()
    caps = [
        {"id": "total", "applies": {"kind": "offer"}, "cap": CAP, "window": "7d"},
        {"id": "each", "applies": {"kind": "offer"}, "per": "action", "cap": CAP_PER_ACTION,
         "window": "7d"},
    ]  # fmt: skip
    offers = [action(f"offer-{i:02}", value=float(10 + i)) for i in range(12)]
    for name, content in files(actions=offers, contact=caps).items():
        (directory / "catalogue" / name).write_bytes(content)
    consent = pack_consent({"marketing": Consent("granted", 1, "test")})
    with open_store(url, directory / "data") as store:
        for number in range(CUSTOMERS):
            change = Change(f"hot-{number}", 0, {"consent": consent}, 1, b"", None, DAY)
            assert isinstance(store.commit(change), Committed)


def _run(url: str, directory: Path, naive: bool) -> Counter[tuple[str, str]]:
    _prepare(url, directory)
    jobs = [(url, str(directory), worker, naive) for worker in range(PROCESSES)]
    return sum(all_at_once(_race, jobs, stage(PROCESSES, FORKED), FORKED), Counter())


def _by_customer(offered: Counter[tuple[str, str]]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for (customer, _), count in offered.items():
        totals[customer] += count
    return totals


def test_no_cap_is_exceeded_and_none_of_it_is_wasted(server_url: str, tmp_path: Path) -> None:
    offered = _run(server_url, tmp_path, naive=False)
    assert max(offered.values()) <= CAP_PER_ACTION
    assert set(_by_customer(offered).values()) == {CAP}
    with open_store(server_url, tmp_path / "data") as store:
        for number in range(CUSTOMERS):
            remembered = store.load(f"hot-{number}").state.contacts.rows
            assert len(remembered) == CAP


def test_the_same_race_catches_a_planted_check_then_act(server_url: str, tmp_path: Path) -> None:
    offered = _run(server_url, tmp_path, naive=True)
    assert max(_by_customer(offered).values()) > CAP
