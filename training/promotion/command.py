"""`teller promote`, `rollback` and `adopt`. Every command loads this file, so it imports little."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.errors import NotFound
from engine.models.routing import LEARNED, Alias, Aliases
from engine.settings import DATA
from training.commands import FILE, FOLDER, WRITTEN, lacking

if TYPE_CHECKING:
    from training.promotion.house import House

_ROLES = click.Choice(["champion", "challenger", "shadow"])


def _of_a_house(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the models of a house, by its flags and the environment."""

    @click.option("--data", type=FOLDER, envvar="TELLER_DATA", default=DATA, show_default=True,
                  help="Directory of models, versions and keys [TELLER_DATA]")  # fmt: skip
    @click.option("--redis", "redis_url", envvar="TELLER_REDIS_URL", metavar="URL",
                  help="URL of the store [TELLER_REDIS_URL; embedded]")  # fmt: skip
    @wraps(command)
    def with_house(data: Path, redis_url: str | None, **options: Any) -> None:
        from engine.registry import Registry  # noqa: PLC0415
        from engine.store import open_store  # noqa: PLC0415
        from training.promotion.house import House  # noqa: PLC0415

        with _looking_in(data, "--data or TELLER_DATA"), open_store(redis_url, data) as store:
            command(House(data, store, Registry(data, store)), **options)

    return with_house


@contextmanager
def _looking_in(data: Path, by: str) -> Iterator[None]:
    """Has what is not found tell where it was looked for, and how (`by`) another place is named;
    where there is no such directory none is made."""
    try:
        if not data.is_dir():
            raise NotFound("no models: there is no such directory")
        yield
    except NotFound as error:
        raise NotFound(f"{error}; looked in {data.absolute()} ({by} names another)") from None


@click.command()
@click.argument("name")
@click.argument("digest")
@click.option("--alias", type=_ROLES, default="champion", show_default=True,
              help="What it is to be")  # fmt: skip
@click.option("--share", type=click.FloatRange(0, 1, min_open=True),
              help="Of all customers, a challenger's; what it was before, else 0.1")  # fmt: skip
@click.option("--judge", "file", type=FILE,
              help="Judge it on this CSV or Parquet file, not on own traffic")  # fmt: skip
@click.option("--mapping", type=FILE, help="Which column of the file is what, in YAML")
@click.option("--acknowledge", "acknowledged", multiple=True, metavar="REASON",
              help="Answer for a reason: no-evidence, too-good or unproven")  # fmt: skip
@click.option("--judge-only", is_flag=True,
              help="Change nothing: for a day, POST /v1/models/NAME/promote may")  # fmt: skip
@click.option("--json", "json_file", type=WRITTEN, help="Write the verdict here as JSON")
@click.option("--catalogue", type=FOLDER, envvar="TELLER_CATALOGUE", required=True,
              help="Directory of the catalogue [TELLER_CATALOGUE]")  # fmt: skip
@click.option("--rules", envvar="TELLER_RULES", metavar="MODULE",
              help="Python module with @rule functions [TELLER_RULES]")  # fmt: skip
@_of_a_house
@click.pass_context
def promote(  # noqa: PLR0913 - one for each option
    context: click.Context,
    house: House,
    *,
    name: str,
    digest: str,
    alias: Alias,
    share: float | None,
    file: Path | None,
    mapping: Path | None,
    acknowledged: tuple[str, ...],
    judge_only: bool,
    json_file: Path | None,
    catalogue: Path,
    rules: str | None,
) -> None:
    """Have version DIGEST of model NAME serve, if it passes the gate; else say why not.

    DIGEST may be an alias: `learned` stands for whatever the online learner publishes from now
    on. Ends with status 3 when it is refused, and then nothing has changed.
    """
    try:
        from training.promotion.asked import Asked  # noqa: PLC0415 - pandas and scikit-learn
    except ModuleNotFoundError as error:
        raise lacking(error) from None
    from engine.registry import Door  # noqa: PLC0415

    asked = Asked(name, digest, alias, acknowledged, file, mapping)
    judgement, door = asked.judge(house, catalogue, rules), Door(house.registry)
    door.record(judgement)
    click.echo(judgement.verdict.text())
    if json_file:
        json_file.write_bytes(judgement.verdict.json())
    if not judgement.verdict.passed:
        context.exit(3)
    if judge_only:
        click.echo(f"nothing has changed; for a day {judgement.version} may be promoted over HTTP")
        return
    now = time.time_ns() // 1_000_000
    door.admit(name, judgement.version, alias, share, judgement.catalogue, now)
    click.echo(said(name, house.registry.table(name)))


@click.command()
@click.argument("name", default="propensity")
@click.option("--alias", type=_ROLES, default="champion", show_default=True,
              help="challenger, shadow: end it, and leave the champion alone")  # fmt: skip
@_of_a_house
def rollback(house: House, name: str, alias: Alias) -> None:
    """Back to the champion before, for everyone and within seconds; a challenge ends.

    NAME is the model's, `propensity` unless told.
    """
    models = house.registry
    table = models.roll_back(name) if alias == "champion" else models.end(name, alias)
    if alias == "champion" and table.champion is None:
        click.echo("there was no champion before that one")
    click.echo(said(name, table))


@click.command()
@click.argument("name")
@click.argument("digest")
@click.option("--from", "source", type=FOLDER,
              help="The data directory it was published in; else this house's own")  # fmt: skip
@click.option("--data", type=FOLDER, envvar="TELLER_DATA", default=DATA, show_default=True,
              help="Directory of models, versions and keys [TELLER_DATA]")  # fmt: skip
def adopt(name: str, digest: str, source: Path | None, data: Path) -> None:
    """Take over version DIGEST of model NAME from where it was trained, and sign it here.

    Only what has exactly that digest is taken: have it told to you by whoever trained it.
    """
    from engine.registry import Registry  # noqa: PLC0415

    with _looking_in(source or data, "--from" if source else "--data or TELLER_DATA"):
        Registry(data).adopt(name, digest, source or data)
    click.echo(f"{name} {digest} is one of this house's models; teller promote makes it serve")


def said(name: str, table: Aliases) -> str:
    """Who serves now, in a line."""
    routing = table.routing()
    serving = routing.champion or "no model: every propensity is the prior's"
    if table.reigning == LEARNED:
        serving = f"the learner, whose latest is {serving}"
    others = [
        f"challenger {routing.challenger} on {routing.share:.0%} of customers"
        if routing.challenger
        else "",
        f"shadow {routing.shadow}" if routing.shadow else "",
    ]
    return "; ".join([f"{name}: {serving}", *filter(None, others)])
