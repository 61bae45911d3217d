"""What commands share: the settings of a house, the house opened, and answers shown.

Every command's file is loaded for each of them, so these import next to nothing above: what
decides takes a second to load.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

import click
import msgspec

from engine.settings import DATA, Settings, read_settings

if TYPE_CHECKING:
    from engine.bootstrap import Application

RULES = click.option("--rules", help="Python module with @rule functions [TELLER_RULES]")


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
        command(read_settings(os.environ, **flags), **options)

    return with_settings


@contextmanager
def opened(settings: Settings, *, learn: bool = False) -> Iterator[Application]:
    """The application over its store; `learn`: it also learns. Raises as `open_application`."""
    from engine.bootstrap import open_application  # noqa: PLC0415

    with open_application(settings, learn=learn) as application:
        yield application


def show(answer: msgspec.Struct) -> None:
    """An answer as JSON that a person can read."""
    click.echo(msgspec.json.format(msgspec.json.encode(answer)).decode())
