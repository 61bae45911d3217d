"""The `teller` command. Further commands join by the entry-point group `teller.commands`."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import wraps
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
import msgspec
import structlog
from rich.console import Console

from engine.bootstrap import open_application, run_trials
from engine.directory import check_directory
from engine.errors import CatalogueRefused, TellerError
from engine.importing import import_file
from engine.serving import pass_on, refuse_taken, run
from engine.settings import Settings, load_or_make_keys, read_settings, unknown_settings
from engine.store import accept_epoch
from engine.store.embedded import embedded_server
from engine.telemetry import configure_logs, share_metrics
from engine.wire.decisions import read_decision
from engine.wire.imports import Kind
from engine.wire.values import check_id

_RULES = click.option("--rules", help="Python module with @rule functions [TELLER_RULES]")
_log = structlog.get_logger()


class _Commands(click.Group):
    """Says what went wrong in a sentence, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TellerError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands)
@click.version_option(package_name="teller")
def main() -> None:
    """Teller: the next best offer, message or service for one customer at a time."""
    configure_logs()


def _house(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the settings of a house, from its flags and the environment."""

    @click.option("--catalogue", help="Directory of the catalogue [TELLER_CATALOGUE]")
    @click.option("--data", help="Directory of models, versions and keys [TELLER_DATA]")
    @click.option("--redis", "redis_url", help="URL of the store [TELLER_REDIS_URL; embedded]")
    @_RULES
    @wraps(command)
    def with_settings(
        catalogue: str | None,
        data: str | None,
        redis_url: str | None,
        rules: str | None,
        **options: Any,
    ) -> None:
        flags = {"catalogue": catalogue, "data": data, "redis_url": redis_url, "rules": rules}
        command(read_settings(os.environ, **flags), **options)

    return with_settings


@main.command()
@_house
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256))
def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve decisions over HTTP."""
    for warning in unknown_settings(os.environ):
        _log.warning(warning)
    check_directory(settings.catalogue, settings.rules)
    refuse_taken(host, port)
    keys = load_or_make_keys(settings)
    if keys.fresh:
        click.echo(f"secret key:      {keys.secret[0]}\npublishable key: {keys.publishable[0]}")
        click.echo(f"kept in {settings.data / 'keys.json'}")
    share_metrics(settings.data)
    with ExitStack() as stack:
        url = stack.enter_context(_store_url(settings))
        pass_on(settings, url)
        if settings.learning.on:  # here, for the workers' time is the customers'
            stack.enter_context(open_application(replace(settings, redis_url=url), learn=True))
        click.echo(f"http://{host}:{port}  (documentation at /docs)")
        run(host, port, workers)


@main.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_RULES
def check(directory: Path, rules: str | None) -> None:
    """Check a catalogue: every fault, with file, line and the nearest right name."""
    try:
        catalogue = check_directory(directory, rules)
    except CatalogueRefused as refused:
        click.echo("\n".join(map(str, refused.faults)))
        sys.exit(1)
    for warning in catalogue.warnings:
        click.echo(f"warning: {warning}")
    click.echo(f"{len(catalogue.actions)} actions, no fault: {catalogue.digest}")


@main.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", help="Directory with the models; without one, the untrained prior")
@_RULES
def test(directory: Path, data: str | None, rules: str | None) -> None:
    """Run the tests beside the rules."""
    failed = 0
    results = run_trials(directory, Path(data) if data else None, rules)
    for trial, failures in results:
        failed += bool(failures)
        click.echo(f"{'FAILED' if failures else 'ok':7}{trial.name}")
        for failure in failures:
            click.echo(f"       {trial.file}:{trial.line}: {failure}")
    click.echo(f"{len(results) - failed} of {len(results)} tests hold")
    sys.exit(1 if failed else 0)


@main.command()
@_house
@click.argument("customer")
@click.argument("placements", nargs=-1, required=True)
@click.option("--channel", default="web", show_default=True)
@click.option("--context", default="{}", help="Facts of the moment, as JSON")
@click.option("--attributes", default="{}", help="Facts for this request only, as JSON")
@click.option("--live", is_flag=True, help="Commit the decision; otherwise it is a preview")
def decide(settings: Settings, placements: tuple[str, ...], live: bool, **said: str) -> None:
    """Decide for CUSTOMER at PLACEMENTS, with every candidate and its reason."""
    body = {
        "customer": {"id": said["customer"]},
        "channel": said["channel"],
        "placements": [{"id": placement} for placement in placements],
        "context": msgspec.Raw(said["context"].encode()),
        "attributes": msgspec.Raw(said["attributes"].encode()),
        "explain": "full",
        "mode": "live" if live else "preview",
    }
    request = read_decision(msgspec.json.encode(body))
    with open_application(settings) as application:
        _show(application.decisions.answer(request, None, False))


@main.command()
@_house
@click.argument("decision_id")
def replay(settings: Settings, decision_id: str) -> None:
    """Decide again from the record of DECISION_ID, and say whether it is identical."""
    with open_application(settings) as application:
        answer = application.records.replay(decision_id)
    _show(answer)
    sys.exit(0 if answer.identical else 1)


@main.command()
@_house
def models(settings: Settings) -> None:
    """Models, their versions and what their aliases mean."""
    with open_application(settings) as application:
        _show(application.standing.models())


@main.command("import")
@_house
@click.argument("kind", type=click.Choice(["customers", "consents", "interactions"]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--again", is_flag=True, help="From the first row, wherever it stopped")
def import_(settings: Settings, kind: Kind, file: Path, again: bool) -> None:
    """Take in KIND from FILE: CSV, JSON lines or Parquet. The same command goes on."""
    console = Console(stderr=True)
    with open_application(settings) as application:
        done = import_file(application.imports, kind, file, settings.data, console, again)
    click.echo(f"{done.accepted} rows in, {done.known} told nothing new, {done.bad} kept aside")
    sys.exit(1 if done.bad else 0)


@main.command()
@_house
@click.argument("customer")
def export(settings: Settings, customer: str) -> None:
    """Everything held of CUSTOMER, as JSON."""
    with open_application(settings) as application:
        _show(application.exports.export(check_id(customer, "CUSTOMER")))


@main.command()
@_house
@click.argument("customer")
@click.confirmation_option(prompt="This cannot be undone. Erase all that is held of the customer?")
def erase(settings: Settings, customer: str) -> None:
    """Erase CUSTOMER everywhere, and show the proof."""
    with open_application(settings) as application:
        _show(application.privacy.erase(check_id(customer, "CUSTOMER")))


@main.command()
@_house
@click.option("--once", is_flag=True, help="Take in what there is now, and end")
def archive(settings: Settings, once: bool) -> None:
    """Take the logs into the archive, instead of `serve` or beside it; any may be killed."""
    with open_application(settings) as application:
        if not once:
            application.keeper.follow(threading.Event())
        elif not application.keeper.catch_up():
            raise click.ClickException("another process keeps the archive just now")


@main.command()
@_house
@click.option("--once", is_flag=True, help="Learn and publish what there is now, and end")
def learn(settings: Settings, once: bool) -> None:
    """Learn from answers as they come, instead of `serve` or beside it; any may be killed."""
    with open_application(settings) as application:
        if not once:
            application.learning.follow(threading.Event())
        elif not application.learning.catch_up():
            raise click.ClickException("another process learns just now")


@main.group()
def events() -> None:
    """Events of other systems that could not be taken in."""


@events.command()
@_house
def quarantined(settings: Settings) -> None:
    """What is set aside, as JSON lines, each with its reason; a source's oldest make room."""
    with open_application(settings) as application:
        for one in application.events.set_aside():
            click.echo(msgspec.json.encode(one).decode())


@events.command("replay")
@_house
@click.argument("ids", nargs=-1)
def replay_events(settings: Settings, ids: tuple[str, ...]) -> None:
    """Take in the events of IDS, or all that is set aside; what still does not fit stays."""
    with open_application(settings) as application:
        again = application.events.again(ids)
    click.echo(f"{again.taken} taken in, {again.left} still set aside")
    sys.exit(1 if again.left else 0)


@events.command("drop")
@_house
@click.argument("ids", nargs=-1, required=True)
def drop_events(settings: Settings, ids: tuple[str, ...]) -> None:
    """Let the events of IDS go."""
    with open_application(settings) as application:
        gone = application.events.forget(ids)
    click.echo(f"{gone} dropped, {len(set(ids)) - gone} not there")
    sys.exit(0 if gone == len(set(ids)) else 1)


@main.command("accept-store")
@_house
@click.confirmation_option(
    prompt="Caps, opt-outs and decisions the store has lost stay lost. Go on with it as it is?"
)
def accept_store(settings: Settings) -> None:
    """Go on with a store that came back without the memory we knew."""
    count = accept_epoch(settings.redis_url, settings.data)
    with open_application(settings):  # who was erased stays erased, whatever came back
        click.echo(f"{count} partitions accepted as they are")


@contextmanager
def _store_url(settings: Settings) -> Iterator[str]:
    """The store's URL; an embedded server is started once, for all workers."""
    if settings.redis_url:
        yield settings.redis_url
        return
    with embedded_server(settings.data, durability=settings.durability) as url:
        yield url


def _show(answer: msgspec.Struct) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(answer)).decode())


for _command in entry_points(group="teller.commands"):
    main.add_command(_command.load(), _command.name)

if __name__ == "__main__":
    main()
