"""`teller demo`. Every `teller` command loads this file, so it imports next to nothing."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import cast

import click

from engine.compiled import when_called
from engine.errors import Misconfigured
from engine.files import data_directory
from engine.settings import HIGHEST_PORT, Settings, read_settings

CATALOGUE = Path(__file__).parent / "catalogue"


@click.command()
@click.option("--redis", "redis_url", help="URL of the store [TELLER_REDIS_URL; embedded]")
@click.option("--data", envvar="TELLER_DATA", default="var/demo", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, show_default=True, type=click.IntRange(1, HIGHEST_PORT))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256))
@click.pass_context
def demo(
    context: click.Context, redis_url: str | None, data: str, host: str, port: int, workers: int
) -> None:
    """Serve a real grocer's households, offers and trained propensity."""
    from engine.serving import refuse_taken  # noqa: PLC0415

    settings = read_settings(os.environ, catalogue=str(CATALOGUE), data=data, redis_url=redis_url)
    refuse_taken(host, port)  # before lines are printed that another server would answer
    data_directory(settings.data)
    click.echo(f"getting ready in {data}: a few seconds, the first time some fifteen")
    # A process of its own, so that a year of transactions is not kept in memory while serving.
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        try:
            process.submit(_start, settings, f"http://{host}:{port}").result()
        except BrokenProcessPool:
            raise Misconfigured(
                "the process that gets the demo ready was killed, as where memory runs out: it "
                "takes some 1 GB. Free some, and start again: what was made so far is kept"
            ) from None
    teller = cast(click.Group, context.find_root().command)
    context.invoke(
        teller.commands["serve"],
        catalogue=str(CATALOGUE),
        data=data,
        redis_url=redis_url,
        host=host,
        port=port,
        workers=workers,
    )


def _start(settings: Settings, address: str) -> None:
    from engine.serving import end_with_parent  # noqa: PLC0415

    end_with_parent()
    when_called()
    try:
        from demo.start import start  # noqa: PLC0415 - pandas and scikit-learn, for us alone
    except ModuleNotFoundError as error:
        raise Misconfigured(
            f"the demo needs {error.name}: pip install 'teller[demo]', or type `make demo`"
        ) from None
    start(settings, address)
