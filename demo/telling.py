"""What the demo prints: figures, households, and lines to paste into another terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.households import Household, Notable

STARTED = "Started worker-1"
"""What the server says once it answers; that it listens it says some seconds before."""


class Teller:
    """Prints to people; `address` and `key` are those of the server about to start."""

    def __init__(self, console: Console, address: str, key: str) -> None:
        self._console = console
        self._address = address
        self._key = key

    def tell(
        self, report: str, everyone: Sequence[Household], worth_trying: Sequence[Notable]
    ) -> None:
        """All there is to know before the first request."""
        self._console.print(
            f"[bold]{len(everyone):,} households of a grocer[/], as of the end of 2017. "
            "Consent is not in the data: it is drawn by a rule (docs/demo.md)."
        )
        self._plain(report)
        self._console.print(self._table(worth_trying))
        for what, line in self._lines([notable.customer_id for notable in worth_trying]):
            self._console.print(f"[bold]{what}[/]")
            self._plain(line)
        self._plain(f"\nkey   {self._key}\ndocs  {self._address}/docs\n")
        self._plain(f"Starting: it answers at {self._address} once it says '{STARTED}'.\n")

    def _table(self, worth_trying: Sequence[Notable]) -> Table:
        table = Table("household", "why it is worth a look", box=None, padding=(0, 2))
        for notable in worth_trying:
            table.add_row(notable.customer_id, notable.why)
        return table

    def _lines(self, ids: Sequence[str]) -> list[tuple[str, str]]:
        family, baby, _, _, refuser, complaining, _ = ids
        return [
            ("What goes on the home page?", self._decide(baby, "web", "home.hero")),
            (
                "And why nothing else? (a preview: nothing is counted)",
                self._decide(family, "web", "home.shelf", explain="full", mode="preview"),
            ),
            (
                "A complaint is on the line: what does the agent do?",
                self._decide(complaining, "agent", "agent.next", context={"intent": "complaint"}),
            ),
            ("Someone who wants no marketing:", self._decide(refuser, "web", "home.hero")),
            (
                f"{baby} calls to complain; then ask the first question again:",
                self._post("interactions", {"interactions": [_complaint(baby)]}),
            ),
            ("What is known of it:", self._curl(f"customers/{baby}")),
        ]

    def _decide(self, customer: str, channel: str, placement: str, **more: Any) -> str:
        asked = {"customer": {"id": customer}, "channel": channel}
        return self._post("decisions", {**asked, "placements": [{"id": placement}], **more})

    def _post(self, path: str, body: Mapping[str, Any]) -> str:
        # curl would call it a form; the quotes are the shell's.
        return f"{self._curl(path)} -H 'Content-Type: application/json' -d '{json.dumps(body)}'"

    def _curl(self, path: str) -> str:
        return f"curl -sS {self._address}/v1/{path} -H 'Authorization: Bearer {self._key}'"

    def _plain(self, text: str) -> None:
        """As it is, unwrapped, so that a line can be copied."""
        self._console.print(text, soft_wrap=True, markup=False)


def _complaint(customer: str) -> dict[str, Any]:
    return {
        "id": "demo-call-1",
        "customer": {"id": customer},
        "channel": "agent",
        "type": "call",
        "topic": "complaint",
        "status": "open",
    }
