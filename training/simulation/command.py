"""`teller simulate`. Every `teller` command loads this file, so it imports next to nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import click

from engine.errors import Misconfigured
from training.commands import FOLDER, WRITTEN, lacking

Method = Literal["none", "epsilon", "igw", "thompson"]
METHODS = get_args(Method)
POLICIES = ("random", "untrained", "trained", "online", "oracle")


@click.command()
@click.option("--world", default="small", show_default=True,
              help="small: all made up; demo: answers fitted on a real grocer's")  # fmt: skip
@click.option("--people", default=300, show_default=True, type=click.IntRange(10),
              help="How many live in the small world")  # fmt: skip
@click.option("--visits", default=5000, show_default=True, type=click.IntRange(10),
              help="How many come by, one after the other")  # fmt: skip
@click.option("--days", default=90, show_default=True, type=click.IntRange(1),
              help="In how many days of the simulation")  # fmt: skip
@click.option("--history", default=2000, show_default=True, type=click.IntRange(200),
              help="Visits of chance before it, to train the small world's model on")  # fmt: skip
@click.option("--policy", "policies", multiple=True, type=click.Choice(POLICIES),
              help="Only these; all unless given")  # fmt: skip
@click.option("--exploration", type=(click.Choice(METHODS), click.FloatRange(0, 1)),
              metavar="METHOD FLOOR",
              help="Explore like this, whatever the catalogue says")  # fmt: skip
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1),
              help="How many times over, each in a world of its own")  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="The first of them")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1),
              help="Policies played at a time, each by a process")  # fmt: skip
@click.option("--data", type=FOLDER, default="var/demo", show_default=True,
              help="Where a world other than small keeps what it made")  # fmt: skip
@click.option("--url", help="Play against the engine at this address, instead of in process")
@click.option("--key", envvar="TELLER_KEY", help="Its secret key [TELLER_KEY]")
@click.option("--write-catalogue", type=FOLDER,
              help="Only write the world's catalogue here, for a server to serve")  # fmt: skip
@click.option("--log", type=WRITTEN,
              help="Write what one policy showed, and the answers, here as CSV")  # fmt: skip
@click.option("--json", "json_file", type=WRITTEN, help="Write the findings here as JSON")
@click.option("--html", "html_file", type=WRITTEN, help="Write them here as a page with pictures")
def simulate(  # noqa: PLR0913 - one for each option
    *,
    world: str,
    people: int,
    visits: int,
    days: int,
    history: int,
    policies: tuple[str, ...],
    exploration: tuple[Method, float] | None,
    seeds: int,
    seed: int,
    threads: int,
    data: Path,
    url: str | None,
    key: str | None,
    write_catalogue: Path | None,
    log: Path | None,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """Customers whose true answers are known, deciding with the real engine.

    Says what each policy's decisions were truly worth, beside chance and beside an oracle.
    """
    try:
        from training.simulation.asked import Asked  # noqa: PLC0415 - pandas and scikit-learn
        from training.simulation.experiment import Plan  # noqa: PLC0415
        from training.simulation.report import page, text  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise lacking(error) from None
    plan = Plan(visits, days, history, exploration=exploration)
    asked = Asked(
        world, people, plan, policies or POLICIES, range(seed, seed + seeds), threads, data
    )
    if write_catalogue:
        asked.catalogue(write_catalogue)
        return
    if url and not key:
        raise Misconfigured("--url needs the server's secret key: --key sk_…, or TELLER_KEY")
    found = asked.served(url, key) if url and key else asked.simulate(log)
    click.echo(text(found))
    if json_file:
        json_file.write_bytes(found.json())
    if html_file:
        html_file.write_text(page(found, f"Simulation: the {world} world"), "utf-8")
