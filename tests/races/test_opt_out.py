"""Once an opt-out is acknowledged, nobody anywhere offers what it forbids (I4)."""

from __future__ import annotations

from pathlib import Path

from engine.bootstrap import open_application
from engine.change import Loaded
from engine.settings import Settings
from engine.wire.customers import read_patch
from engine.wire.decisions import read_decision
from tests.builders import action, files
from tests.processes import FORKED, on_stage, stage, stands
from tests.races.planted import CheckThenAct

PROCESSES = 8
AFTER = 25  # decisions a process makes once it knows
CUSTOMER = "ana"
_ASK = b'{"customer": {"id": "ana"}, "channel": "web", "placements": [{"id": "home.hero"}]}'


class Remembering(CheckThenAct):
    """The planted bug: a worker that keeps the customer it once loaded."""

    _kept: Loaded | None = None

    def load(
        self, customer_id: str, seen: tuple[str, ...] = (), deadline: float | None = None
    ) -> Loaded:
        self._kept = self._kept or super().load(customer_id, seen, deadline)
        return self._kept


def _decide(settings: Settings, naive: bool) -> int:
    """Decide until well after the acknowledgement; how much marketing came after it."""
    deciding, acknowledged = stands()
    with open_application(settings) as application:
        decisions = application.decisions
        if naive:
            planted = Remembering(decisions._memory)
            decisions._memory = decisions._commits._memory = planted
        offered = after = decided = 0
        while decided < AFTER:
            knew = acknowledged.is_set()
            reply = decisions.answer(read_decision(_ASK), None, False)
            marketing = not reply.placements[0].fallback
            if not offered:
                assert marketing
                deciding.wait(60)
            offered += marketing
            decided += knew
            after += knew and marketing
        return after


def _race(url: str, directory: Path, naive: bool) -> int:
    """Marketing offered after the opt-out was acknowledged, by all processes together."""
    (directory / "catalogue").mkdir()
    offers = [action(f"offer-{number}") for number in range(3)]
    for name, content in files(actions=offers, contact=[]).items():
        (directory / "catalogue" / name).write_bytes(content)
    settings = Settings(directory / "catalogue", directory / "data", url, ("sk_race_0123456789",))
    shared = stage(PROCESSES + 1, FORKED)
    with open_application(settings) as application:
        said = application.customers.change
        said(CUSTOMER, read_patch(b'{"consent": {"marketing": "granted"}}'))
        with on_stage(_decide, [(settings, naive)] * PROCESSES, shared, FORKED) as running:
            shared.line.wait(60)
            said(CUSTOMER, read_patch(b'{"consent": {"marketing": "denied"}}'))
            shared.word.set()
            return sum(one.result() for one in running)


def test_no_process_offers_marketing_once_an_opt_out_is_acknowledged(
    server_url: str, tmp_path: Path
) -> None:
    assert _race(server_url, tmp_path, naive=False) == 0


def test_the_same_race_catches_a_worker_that_keeps_what_it_knew(
    server_url: str, tmp_path: Path
) -> None:
    assert _race(server_url, tmp_path, naive=True) > 0
