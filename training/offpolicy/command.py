"""`teller evaluate`. Every `teller` command loads this file, so it imports next to nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from engine.settings import DATA
from training.commands import FILE, FOLDER, WRITTEN, lacking


@click.command()
@click.argument("log", type=FILE, required=False)
@click.option("--mapping", type=FILE, help="Which column of LOG is what, in YAML")
@click.option(
    "--policy",
    "--against",
    "policies",
    multiple=True,
    required=True,
    metavar="POLICY",
    help="model:NAME[@ALIAS or @DIGEST]; on own traffic catalogue:DIR; of a LOG constant:ACTION, "
    "uniform, column:NAME; repeat for more",
)
@click.option("--floor", default=0.0, show_default=True, type=click.FloatRange(0, 1),
              help="Exploration of model policies: this share of choices is uniform")  # fmt: skip
@click.option("--rewards", default="linear", show_default=True,
              type=click.Choice(["linear", "boosting"]), help="The reward model")  # fmt: skip
@click.option("--constants", default=5, show_default=True, type=click.IntRange(0),
              help="How many of the most shown actions are baselines")  # fmt: skip
@click.option("--catalogue", type=FOLDER, envvar="TELLER_CATALOGUE",
              help="Directory of the catalogue: own traffic's; of a LOG what declares the "
              "attributes a model looks at [TELLER_CATALOGUE]")  # fmt: skip
@click.option("--redis", "redis_url", envvar="TELLER_REDIS_URL", metavar="URL",
              help="Own traffic: URL of the store [TELLER_REDIS_URL; embedded]")  # fmt: skip
@click.option("--rules", envvar="TELLER_RULES", metavar="MODULE",
              help="Python module with @rule functions [TELLER_RULES]")  # fmt: skip
@click.option("--within", metavar="TIME",
              help="Own traffic: what was earned in this time, such as 1d; by default "
              "the catalogue's attribution")  # fmt: skip
@click.option("--latest", default=20_000, show_default=True, type=click.IntRange(1),
              help="Own traffic: so many decisions, the latest")  # fmt: skip
@click.option("--data", type=FOLDER, envvar="TELLER_DATA", default=DATA, show_default=True,
              help="Directory of the models [TELLER_DATA]")  # fmt: skip
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(100),
              help="Of customers, for the intervals")  # fmt: skip
@click.option("--seed", default=0, show_default=True,
              help="Of all chance: the same call, the same report")  # fmt: skip
@click.option("--json", "json_file", type=WRITTEN, help="Write the report here as JSON")
@click.option("--html", "html_file", type=WRITTEN, help="Write the report here as a page")
@click.pass_context
def evaluate(  # noqa: PLR0913 - one for each option
    context: click.Context,
    *,
    log: Path | None,
    mapping: Path | None,
    policies: tuple[str, ...],
    floor: float,
    rewards: Literal["linear", "boosting"],
    constants: int,
    catalogue: Path | None,
    redis_url: str | None,
    rules: str | None,
    within: str | None,
    latest: int,
    data: Path,
    resamples: int,
    seed: int,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """What policies would have earned on logged traffic, with intervals, or why nobody knows.

    On the house's own decisions, from the store's logs; or on LOG, a CSV or Parquet file of
    decisions with their selection probabilities and rewards. Ends with status 3 when every
    asked policy is refused for want of overlap.
    """
    try:
        from training.offpolicy.asked import Asked, House  # noqa: PLC0415 - pandas, scikit-learn
    except ModuleNotFoundError as error:
        raise lacking(error) from None
    asked = Asked(policies, floor, rewards, constants, resamples, seed)
    house = House(catalogue, data, redis_url, rules)
    if log is not None:
        found = asked.evaluate(log, mapping, house)
    else:
        found = asked.evaluate_house(house, within, latest)
    click.echo(found.text())
    if json_file:
        json_file.write_bytes(found.json())
    if html_file:
        title = f"Evaluation of {log.name if log else 'own traffic'}"
        html_file.write_text(found.html(title), "utf-8")
    if all(policy.refused for policy in found.policies):
        context.exit(3)
