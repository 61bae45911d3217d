"""`teller promote`, `rollback` and `adopt`. Every command loads this file, so it imports little."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click

from engine.models.routing import Alias, Aliases
from engine.registry import Registry
from engine.settings import DATA
from engine.situation import PROPENSITY
from engine.store import open_store

FOLDER = click.Path(path_type=Path, file_okay=False)
_ROLES = click.Choice(["champion", "challenger", "shadow"])


def _of_a_house(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the models of a house, by its flags and the environment."""

    @click.option("--data", type=FOLDER, envvar="TELLER_DATA", default=DATA,
                  help="Directory of models, versions and keys [TELLER_DATA]")  # fmt: skip
    @click.option("--redis", "redis_url", envvar="TELLER_REDIS_URL",
                  help="URL of the store [TELLER_REDIS_URL; embedded]")  # fmt: skip
    @wraps(command)
    def with_registry(data: Path, redis_url: str | None, **options: Any) -> None:
        with _registry(data, redis_url) as registry:
            command(registry, **options)

    return with_registry


@contextmanager
def _registry(data: Path, redis_url: str | None) -> Iterator[Registry]:
    with open_store(redis_url, data) as store:
        yield Registry(data, store)


@click.command()
@click.argument("name", default=PROPENSITY)
@click.option("--alias", type=_ROLES, default="champion", show_default=True,
              help="challenger, shadow: end it, and leave the champion alone")  # fmt: skip
@_of_a_house
def rollback(registry: Registry, name: str, alias: Alias) -> None:
    """Back to the champion before, for everyone and within seconds; a challenge ends.

    NAME is the model's, `propensity` unless told.
    """
    table = registry.roll_back(name) if alias == "champion" else registry.end(name, alias)
    click.echo(said(name, table))


@click.command()
@click.argument("name")
@click.argument("digest")
@click.option("--from", "source", type=FOLDER,
              help="The data directory it was published in; else this house's own")  # fmt: skip
@click.option("--data", type=FOLDER, envvar="TELLER_DATA", default=DATA,
              help="Directory of models, versions and keys [TELLER_DATA]")  # fmt: skip
def adopt(name: str, digest: str, source: Path | None, data: Path) -> None:
    """Take over version DIGEST of model NAME from where it was trained, and sign it here.

    Only what has exactly that digest is taken: have it told to you by whoever trained it.
    """
    Registry(data).adopt(name, digest, source or data)
    click.echo(f"{name} {digest} is one of this house's models; teller promote makes it serve")


def said(name: str, table: Aliases) -> str:
    """Who serves now, in a line."""
    routing = table.routing()
    serving = routing.champion or "no model: every propensity is the prior's"
    others = [
        f"challenger {routing.challenger} on {routing.share:.0%} of customers"
        if routing.challenger
        else "",
        f"shadow {routing.shadow}" if routing.shadow else "",
    ]
    return "; ".join([f"{name}: {serving}", *filter(None, others)])
