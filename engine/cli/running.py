"""Commands that run on: the server, and what it also does, each as a process of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import click

from engine.cli.house import house, opened
from engine.credentials import load_or_make_keys
from engine.files import data_directory
from engine.settings import HIGHEST_PORT, Settings, unknown_settings


@click.command()
@house
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, HIGHEST_PORT))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256))
def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve decisions over HTTP."""
    import structlog  # noqa: PLC0415

    from engine.directory import check_directory  # noqa: PLC0415
    from engine.serving import pass_on, refuse_taken, run  # noqa: PLC0415
    from engine.telemetry import share_metrics  # noqa: PLC0415

    for warning in unknown_settings(os.environ):
        structlog.get_logger().warning(warning)
    check_directory(settings.catalogue, settings.rules)
    refuse_taken(host, port)
    data_directory(settings.data)
    keys = load_or_make_keys(settings)
    if keys.fresh:
        click.echo(f"secret key:      {keys.secret[0]}\npublishable key: {keys.publishable[0]}")
        click.echo(f"kept in {settings.data / 'keys.json'}")
    share_metrics(settings.data)
    click.echo("starting: a machine's first start, or an upgrade's, takes some 15 s longer")
    with ExitStack() as stack:
        url = stack.enter_context(_store_url(settings))
        pass_on(settings, url)
        if settings.learning.on:  # here, for the workers' time is the customers'
            stack.enter_context(opened(replace(settings, redis_url=url), learn=True))
        click.echo(f"http://{host}:{port}  (documentation at /docs)")
        run(host, port, workers)


@click.command()
@house
@click.option("--once", is_flag=True, help="Take in what there is now, and end")
def archive(settings: Settings, once: bool) -> None:
    """Take the logs into the archive, instead of `serve` or beside it; any may be killed."""
    with opened(settings) as application:
        if not once:
            application.keeper.follow(threading.Event())
        elif not application.keeper.catch_up():
            raise click.ClickException("another process keeps the archive just now")


@click.command()
@house
@click.option("--once", is_flag=True, help="Learn and publish what there is now, and end")
def learn(settings: Settings, once: bool) -> None:
    """Learn from answers as they come, instead of `serve` or beside it; any may be killed."""
    with opened(settings) as application:
        if not once:
            application.learning.follow(threading.Event())
        elif not application.learning.catch_up():
            raise click.ClickException("another process learns just now")


@contextmanager
def _store_url(settings: Settings) -> Iterator[str]:
    """The store's URL; an embedded server is started once, for all workers."""
    from engine.store.embedded import embedded_server  # noqa: PLC0415

    if settings.redis_url:
        yield settings.redis_url
        return
    with embedded_server(settings.data, durability=settings.durability) as url:
        yield url
