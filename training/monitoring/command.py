"""`teller monitor`. Every `teller` command loads this file, so it imports next to nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import click

from engine.settings import DATA
from training.commands import DAY, FILE, FOLDER, WRITTEN, lacking


@click.command()
@click.argument("file", type=FILE, required=False)
@click.option("--mapping", type=FILE, help="Which column of FILE is what, in YAML")
@click.option("--data", type=FOLDER, envvar="TELLER_DATA", default=DATA,
              show_default=True, help="Directory of the archive [TELLER_DATA]")  # fmt: skip
@click.option("--catalogue", type=FOLDER, envvar="TELLER_CATALOGUE",
              help="Directory of the catalogue [TELLER_CATALOGUE]")  # fmt: skip
@click.option("--rules", envvar="TELLER_RULES", metavar="MODULE",
              help="Python module with @rule functions [TELLER_RULES]")  # fmt: skip
@click.option("--since", type=DAY, metavar="YYYY-MM-DD",
              help="Only what was decided from this UTC date on")  # fmt: skip
@click.option("--until", type=DAY, metavar="YYYY-MM-DD",
              help="Only what was decided up to this UTC date")  # fmt: skip
@click.option("--reference", default=0.3, show_default=True,
              type=click.FloatRange(0, 1, min_open=True, max_open=True),
              help="Share of the rows, the first ones, to compare the others with")  # fmt: skip
@click.option("--reference-until", type=DAY, metavar="YYYY-MM-DD",
              help="Compare with what was decided before this UTC date instead")  # fmt: skip
@click.option("--windows", default=10, show_default=True, type=click.IntRange(1, 1000),
              help="Parts of equally many rows to compare")  # fmt: skip
@click.option("--level", default=0.01, show_default=True,
              type=click.FloatRange(0, 0.5, min_open=True),
              help="How often chance alone may alarm in a whole report")  # fmt: skip
@click.option("--json", "json_file", type=WRITTEN, help="Write the findings here as JSON")
@click.option("--html", "html_file", type=WRITTEN, help="Write them here as a page with pictures")
@click.option("--prometheus", "prom_file", type=WRITTEN,
              help="Write them here for node_exporter's textfile collector")  # fmt: skip
@click.pass_context
def monitor(  # noqa: PLR0913 - one for each option
    context: click.Context,
    *,
    file: Path | None,
    mapping: Path | None,
    data: Path,
    catalogue: Path | None,
    rules: str | None,
    since: datetime | None,
    until: datetime | None,
    reference: float,
    reference_until: datetime | None,
    windows: int,
    level: float,
    json_file: Path | None,
    html_file: Path | None,
    prom_file: Path | None,
) -> None:
    """What moved away from what the model learnt: inputs, propensities, answers, actions.

    Watches the archive, or FILE, a CSV or Parquet file with a row for each action shown.
    Ends with status 3 when it raises an alarm.
    """
    try:
        from training.monitoring.asked import Asked, Told  # noqa: PLC0415 - pandas and scipy
    except ModuleNotFoundError as error:
        raise lacking(error) from None
    asked = Asked(reference, _milliseconds(reference_until), windows, level)
    if file is not None:
        found = asked.of_file(file, mapping)
    else:
        found = asked.of_archive(data, catalogue, rules, _date(since), _date(until))
    told = Told(json_file, html_file, prom_file)
    click.echo(told.tell(found, file.name if file else "the archive"))
    if found.alarms:
        context.exit(3)


def _date(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.replace(tzinfo=UTC).timestamp() * 1000)
