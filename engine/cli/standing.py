"""Commands about what a house stands on: its models, and its store."""

from __future__ import annotations

import click

from engine.cli.house import house, opened, show
from engine.files import data_directory
from engine.settings import Settings


@click.command()
@house
def models(settings: Settings) -> None:
    """Models, their versions and what their aliases mean."""
    with opened(settings) as application:
        show(application.standing.models())


@click.command("accept-store")
@house
@click.confirmation_option(
    prompt="Caps, opt-outs and decisions the store has lost stay lost. Go on with it as it is?"
)
def accept_store(settings: Settings) -> None:
    """Go on with a store that came back without the memory we knew."""
    from engine.store import accept_epoch  # noqa: PLC0415

    data_directory(settings.data)
    count = accept_epoch(settings.redis_url, settings.data)
    with opened(settings):  # who was erased stays erased, whatever came back
        click.echo(f"{count} partitions accepted as they are")
