"""Commands about what is held of customers: taken in, shown, erased."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.cli.house import house, opened, show
from engine.settings import Settings

if TYPE_CHECKING:
    from engine.wire.imports import Kind


@click.command("import")
@house
@click.argument("kind", type=click.Choice(["customers", "consents", "interactions"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--again", is_flag=True, help="From the first row, wherever it stopped")
def import_(settings: Settings, kind: Kind, file: Path, again: bool) -> None:
    """Take in KIND from FILE: CSV, JSON lines or Parquet. The same command goes on."""
    from rich.console import Console  # noqa: PLC0415

    from engine.importing import import_file  # noqa: PLC0415

    console = Console(stderr=True)
    with opened(settings) as application:
        done = import_file(application.imports, kind, file, settings.data, console, again)
    click.echo(f"{done.accepted} rows in, {done.known} told nothing new, {done.bad} kept aside")
    sys.exit(1 if done.bad else 0)


@click.command()
@house
@click.argument("customer")
def export(settings: Settings, customer: str) -> None:
    """Everything held of CUSTOMER, as JSON."""
    with opened(settings) as application:
        show(application.exports.export(_checked(customer)))


@click.command()
@house
@click.argument("customer")
@click.confirmation_option(prompt="This cannot be undone. Erase all that is held of the customer?")
def erase(settings: Settings, customer: str) -> None:
    """Erase CUSTOMER everywhere, and show the proof."""
    with opened(settings) as application:
        show(application.privacy.erase(_checked(customer)))


def _checked(customer: str) -> str:
    from engine.wire.values import check_id  # noqa: PLC0415

    return check_id(customer, "CUSTOMER")
