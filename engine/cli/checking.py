"""Commands about a catalogue's directory: no store, and nothing that serves."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from engine.cli.house import RULES
from engine.errors import CatalogueRefused


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@RULES
def check(directory: Path, rules: str | None) -> None:
    """Check a catalogue: every fault, with file, line and the nearest right name."""
    from engine.directory import check_directory  # noqa: PLC0415

    try:
        catalogue = check_directory(directory, rules)
    except CatalogueRefused as refused:
        click.echo("\n".join(map(str, refused.faults)))
        sys.exit(1)
    for warning in catalogue.warnings:
        click.echo(f"warning: {warning}")
    click.echo(f"{len(catalogue.actions)} actions, no fault: {catalogue.digest}")


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", help="Directory with the models; without one, the untrained prior")
@RULES
def test(directory: Path, data: str | None, rules: str | None) -> None:
    """Run the tests beside the rules."""
    from engine.bootstrap.standalone import run_trials  # noqa: PLC0415

    failed = 0
    results = run_trials(directory, Path(data) if data else None, rules)
    for trial, failures in results:
        failed += bool(failures)
        click.echo(f"{'FAILED' if failures else 'ok':7}{trial.name}")
        for failure in failures:
            click.echo(f"       {trial.file}:{trial.line}: {failure}")
    click.echo(f"{len(results) - failed} of {len(results)} tests hold")
    sys.exit(1 if failed else 0)
