"""`teller train`. Every `teller` command loads this file, so it imports next to nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from engine.settings import DATA
from training.commands import DAY, FILE, FOLDER, WRITTEN, lacking


@click.command()
@click.argument("file", type=FILE, required=False)
@click.option("--mapping", type=FILE, help="Which column of FILE is what, in YAML")
@click.option("--catalogue", type=FOLDER, envvar="TELLER_CATALOGUE",
              help="Directory of the catalogue [TELLER_CATALOGUE]")  # fmt: skip
@click.option("--rules", envvar="TELLER_RULES", metavar="MODULE",
              help="Python module with @rule functions [TELLER_RULES]")  # fmt: skip
@click.option("--data", type=FOLDER, envvar="TELLER_DATA", default=DATA, show_default=True,
              help="Directory of the archive and the models [TELLER_DATA]")  # fmt: skip
@click.option("--since", type=DAY, metavar="YYYY-MM-DD",
              help="Only what was decided from this UTC date on")  # fmt: skip
@click.option("--until", type=DAY, metavar="YYYY-MM-DD",
              help="Only what was decided up to this UTC date")  # fmt: skip
@click.option("--features", "features_file", type=FILE,
              help="What to look at, in YAML; else what the catalogue declares")  # fmt: skip
@click.option("--learner", default="logistic", show_default=True,
              type=click.Choice(["logistic", "trees", "beta"]),
              help="What kind of model; beta: a rate an action, whoever asks")  # fmt: skip
@click.option("--per-action", "own", is_flag=True,
              help="A learner an action, held together by what all share")  # fmt: skip
@click.option("--clip", default=10.0, show_default=True, type=click.FloatRange(1),
              help="No row weighs more than so many sure choices; 1: all alike")  # fmt: skip
@click.option("--test-share", "test", default=0.25, show_default=True,
              type=click.FloatRange(0.05, 0.9), help="The latest rows, to measure on")  # fmt: skip
@click.option("--name", default="propensity", show_default=True, help="The model's name")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(-1),
              help="Fits at once; -1: as many as there are cores")  # fmt: skip
@click.option("--dask", metavar="URL", help="Fit on the Dask cluster at this address instead")
@click.option("--resamples", default=200, show_default=True, type=click.IntRange(20),
              help="Of customers, for the intervals")  # fmt: skip
@click.option("--seed", default=0, show_default=True,
              help="Of all chance: the same call, the same model")  # fmt: skip
@click.option("--json", "json_file", type=WRITTEN, help="Write the report here as JSON")
@click.option("--html", "html_file", type=WRITTEN, help="Write the report here as a page")
def train(**said: Any) -> None:
    """Learn a model from what happened, measure it, and keep it as a version.

    Learns from the archive in the data directory, or from FILE, a CSV or Parquet file with a
    row for each action shown. The version serves nobody until it is promoted.
    """
    try:
        from training.batch.asked import Asked, Source, tell  # noqa: PLC0415 - scikit-learn
        from training.batch.train import Choices  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise lacking(error) from None
    dates = [moment and moment.date() for moment in _moments(said)]
    source = Source(
        said["file"], said["mapping"], said["catalogue"], said["rules"], said["data"], *dates
    )
    choices = Choices(*(said[name] for name in Choices._fields))
    asked = Asked(source, said["features_file"], choices, said["name"], said["jobs"], said["dask"])
    tell(asked, said["json_file"], said["html_file"])


def _moments(said: dict[str, Any]) -> list[datetime | None]:
    return [said["since"], said["until"]]
