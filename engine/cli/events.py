"""`teller events`: what other systems sent and could not be taken in."""

from __future__ import annotations

import sys

import click
import msgspec

from engine.cli.house import house, opened
from engine.settings import Settings


@click.group()
def events() -> None:
    """Events of other systems that could not be taken in."""


@events.command()
@house
def quarantined(settings: Settings) -> None:
    """What is set aside, as JSON lines, each with its reason; a source's oldest make room."""
    with opened(settings) as application:
        for one in application.events.set_aside():
            click.echo(msgspec.json.encode(one).decode())


@events.command("replay")
@house
@click.argument("ids", nargs=-1)
def replay_events(settings: Settings, ids: tuple[str, ...]) -> None:
    """Take in the events of IDS, or all that is set aside; what still does not fit stays."""
    with opened(settings) as application:
        again = application.events.again(ids)
    missing = max(len(set(ids)) - again.taken - again.left, 0)
    not_there = f", {missing} not there" if missing else ""
    click.echo(f"{again.taken} taken in, {again.left} still set aside{not_there}")
    sys.exit(1 if again.left or missing else 0)


@events.command("drop")
@house
@click.argument("ids", nargs=-1, required=True)
def drop_events(settings: Settings, ids: tuple[str, ...]) -> None:
    """Let the events of IDS go."""
    with opened(settings) as application:
        gone = application.events.forget(ids)
    click.echo(f"{gone} dropped, {len(set(ids)) - gone} not there")
    sys.exit(0 if gone == len(set(ids)) else 1)
