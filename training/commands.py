"""Commands that join `teller`. Every one of them loads this file, so it imports next to nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from engine.errors import Misconfigured

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("log", type=FILE)
@click.option("--mapping", type=FILE, required=True, help="Which column is what, in YAML")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    required=True,
    help="constant:ACTION, uniform, column:NAME or model:NAME[@ALIAS or @DIGEST]; repeat for more",
)
@click.option("--floor", default=0.0, show_default=True, type=click.FloatRange(0, 1),
              help="Exploration of model policies: this share of choices is uniform")  # fmt: skip
@click.option("--rewards", default="linear", show_default=True,
              type=click.Choice(["linear", "boosting"]), help="The reward model")  # fmt: skip
@click.option("--constants", default=5, show_default=True, type=click.IntRange(0),
              help="How many of the most shown actions are baselines")  # fmt: skip
@click.option("--data", type=FOLDER, envvar="TELLER_DATA", default="var", show_default=True,
              help="Directory of the models [TELLER_DATA]")  # fmt: skip
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(100))
@click.option("--seed", default=0, show_default=True)
@click.option("--json", "json_file", type=FILE, help="Write the report here as JSON")
@click.option("--html", "html_file", type=FILE, help="Write the report here as a page")
@click.pass_context
def evaluate(  # noqa: PLR0913 - one for each option
    context: click.Context,
    *,
    log: Path,
    mapping: Path,
    policies: tuple[str, ...],
    floor: float,
    rewards: Literal["linear", "boosting"],
    constants: int,
    data: Path,
    resamples: int,
    seed: int,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """What policies would have earned on logged traffic, with intervals, or why nobody knows.

    LOG is a CSV or Parquet file of decisions with their selection probabilities and rewards.
    Ends with status 3 when every asked policy is refused for want of overlap.
    """
    try:
        from training.offpolicy.asked import Asked  # noqa: PLC0415 - pandas and scikit-learn
    except ModuleNotFoundError as error:
        raise lacking(error) from None
    asked = Asked(policies, floor, rewards, constants, resamples, seed)
    found = asked.evaluate(log, mapping, data)
    click.echo(found.text())
    if json_file:
        json_file.write_bytes(found.json())
    if html_file:
        html_file.write_text(found.html(f"Evaluation of {log.name}"), "utf-8")
    if all(policy.refused for policy in found.policies):
        context.exit(3)


def lacking(error: ModuleNotFoundError) -> Misconfigured:
    """What to say when a library of the extra is not installed."""
    return Misconfigured(f"this needs {error.name}: pip install 'teller[training]'")
