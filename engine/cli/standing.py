"""Commands about what a house stands on: its models, and its store."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.house import house, opened, show
from engine.errors import NotFound
from engine.files import data_directory
from engine.settings import DATA, Settings

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.option("--data", envvar="TELLER_DATA", default=DATA, show_default=True, type=_FOLDER,
              help="Directory of models, versions and keys [TELLER_DATA]")  # fmt: skip
@click.option("--redis", "redis_url", envvar="TELLER_REDIS_URL",
              help="URL of the store [TELLER_REDIS_URL; embedded]")  # fmt: skip
def models(data: Path, redis_url: str | None) -> None:
    """Models, their versions and what their aliases mean."""
    from engine.bootstrap.standalone import list_models  # noqa: PLC0415

    if not data.is_dir():
        raise NotFound(
            f"no models: there is no such directory; looked in {data.absolute()} (--data or "
            "TELLER_DATA names another)"
        )
    show(list_models(data, redis_url))


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
