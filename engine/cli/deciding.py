"""Commands that decide, and decide again."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec

from engine.cli.house import house, opened, show
from engine.settings import Settings


def _json(ctx: click.Context, param: click.Parameter, value: str) -> Any:  # noqa: ARG001
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError) as error:
        raise click.BadParameter(f"it is not JSON ({error})") from None


@click.command()
@house
@click.argument("customer")
@click.argument("placements", nargs=-1, required=True)
@click.option("--channel", default="web", show_default=True)
@click.option("--context", callback=_json, default="{}", help="Facts of the moment, as JSON")
@click.option("--attributes", callback=_json, default="{}", help="Facts of this request, as JSON")
@click.option("--live", is_flag=True, help="Commit the decision; otherwise it is a preview")
def decide(settings: Settings, placements: tuple[str, ...], live: bool, **said: Any) -> None:
    """Decide for CUSTOMER at PLACEMENTS, with every candidate and its reason."""
    from engine.wire.decisions import read_decision  # noqa: PLC0415

    body = {
        "customer": {"id": said["customer"]},
        "channel": said["channel"],
        "placements": [{"id": placement} for placement in placements],
        "context": said["context"],
        "attributes": said["attributes"],
        "explain": "full",
        "mode": "live" if live else "preview",
    }
    request = read_decision(msgspec.json.encode(body))
    with opened(settings) as application:
        show(application.decisions.answer(request, None, False))


@click.command()
@house
@click.argument("decision_id")
def replay(settings: Settings, decision_id: str) -> None:
    """Decide again from the record of DECISION_ID, and say whether it is identical."""
    with opened(settings) as application:
        answer = application.records.replay(decision_id)
    show(answer)
    sys.exit(0 if answer.identical else 1)
