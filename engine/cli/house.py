"""What commands share: the settings of a house, the house opened, and answers shown.

Every command's file is loaded for each of them, so these import next to nothing above: what
decides takes a second to load.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from engine.files import mine
from engine.settings import DATA, Settings, read_settings

if TYPE_CHECKING:
    from engine.bootstrap import Application

CODE = "machine-code"
"""Where in the data directory it is kept, if need be."""

_ENGINE = Path(__file__).parent.parent

RULES = click.option(
    "--rules", envvar="TELLER_RULES", help="Python module with @rule functions [TELLER_RULES]"
)


def house(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the settings of a house, from its flags and the environment."""

    @click.option("--catalogue", help="Directory of the catalogue [TELLER_CATALOGUE]")
    @click.option("--data", help=f"Directory of models, versions and keys [TELLER_DATA; {DATA}]")
    @click.option("--redis", "redis_url", help="URL of the store [TELLER_REDIS_URL; embedded]")
    @RULES
    @wraps(command)
    def with_settings(
        catalogue: str | None,
        data: str | None,
        redis_url: str | None,
        rules: str | None,
        **options: Any,
    ) -> None:
        flags = {"catalogue": catalogue, "data": data, "redis_url": redis_url, "rules": rules}
        settings = read_settings(os.environ, **flags)
        os.environ.update(code_kept(_ENGINE, settings.data, os.environ))
        command(settings, **options)

    return with_settings


def code_kept(engine: Path, data: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Has machine code kept with the data where the engine's folder cannot be written, as in a
    read-only container: every worker would translate all of it at each start. Not where somebody
    else put that folder, or may write in it: what is kept is run."""
    if environment.get("NUMBA_CACHE_DIR") or os.access(engine, os.W_OK):
        return {}
    home = data.resolve() / CODE
    if os.path.lexists(home) and not mine(home):
        return {}
    return {"NUMBA_CACHE_DIR": str(home)}


@contextmanager
def opened(settings: Settings, *, learn: bool = False) -> Iterator[Application]:
    """The application over its store; `learn`: it also learns. Raises as `open_application`."""
    from engine.bootstrap import open_application  # noqa: PLC0415

    with open_application(settings, learn=learn) as application:
        yield application


def show(answer: msgspec.Struct) -> None:
    """An answer as JSON that a person can read."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer)).decode())
