"""Does the watch see a world that changes, and keep still in one that does not?

A study of UCI's Bank Marketing (41,188 calls in order of time, 2008 to 2010): as it stands,
and in many random orders, of which each should be as quiet as the level of the report says.

    python -m training.monitoring.bank bank-additional-full.csv.gz --html bank.html

`duration` is left out: it is known only after the call, and gives the answer away.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from engine.errors import Misconfigured
from engine.files import unread
from training.monitoring.findings import Findings
from training.monitoring.mapping import Watched, to_traffic
from training.monitoring.report import page, text
from training.monitoring.watching import watch
from training.offpolicy.mapping import column

ANSWER, LEAK, PROMISED = "y", "duration", "promised"
REFERENCE = 0.3


def read_calls(path: Path) -> pd.DataFrame:
    """The calls in order of time, without what leaks. Raises Misconfigured."""
    try:
        frame = pd.read_csv(path, sep=";")
    except (OSError, ValueError) as error:
        raise unread("data", path, error) from error
    answers = column(frame, ANSWER)
    frame = frame.drop(columns=[LEAK, ANSWER], errors="ignore")
    return frame.assign(**{ANSWER: (answers == "yes").astype(float)})


def findings(calls: pd.DataFrame, windows: int = 10) -> Findings:
    """The watch over the calls in the order they stand in.

    A model learns from the reference alone; within it each call is promised by a model that
    did not see it, so that the reference is not better than it is.
    """
    inputs = [name for name in calls if name != ANSWER]
    first = int(len(calls) * REFERENCE)
    x, y = calls[inputs], calls[ANSWER]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    inside = cross_val_predict(_model(), x[:first], y[:first], cv=folds, method="predict_proba")
    outside = _model().fit(x[:first], y[:first]).predict_proba(x[first:])
    promised = calls.assign(**{PROMISED: np.concatenate([inside[:, 1], outside[:, 1]])})
    traffic = to_traffic(promised, Watched(tuple(map(str, inputs)), ANSWER, PROMISED))
    return watch(traffic, reference=REFERENCE, windows=windows)


def _model() -> Pipeline:
    columns = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, LogisticRegression(C=0.1, max_iter=1000))


def shuffled(calls: pd.DataFrame, seeds: range, threads: int) -> Iterator[Findings]:
    """The watch over the calls in a random order, one for each seed."""
    orders = (calls.sample(frac=1.0, random_state=seed, ignore_index=True) for seed in seeds)
    yield from Parallel(n_jobs=threads)(delayed(findings)(order) for order in orders)


@click.command()
@click.argument("data", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--shuffles", default=100, show_default=True, type=click.IntRange(0))
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1))
@click.option("--html", "html_file", type=click.Path(path_type=Path, dir_okay=False))
def main(data: Path, shuffles: int, threads: int, html_file: Path | None) -> None:
    """The study, from the table (DATA, `bank-additional-full.csv.gz`) to its figures."""
    try:
        calls = read_calls(data)
        found = findings(calls)
    except Misconfigured as error:
        raise click.ClickException(str(error)) from error
    click.echo(text(found))
    if html_file:
        html_file.write_text(page(found, "Bank Marketing in order of time"), "utf-8")
    quiet = list(shuffled(calls, range(shuffles), threads))
    alarmed = [dict(one.alarms) for one in quiet if one.alarms]
    moved = sum(one.beyond_chance > 0 for one in quiet)
    click.echo(
        f"\nin {shuffles} random orders: {len(alarmed)} raised an alarm; in {moved} any "
        f"question found more than chance at a level of {found.level:.0%} a report"
    )
    for one in alarmed:
        click.echo(f"  {', '.join(one)}")


if __name__ == "__main__":
    main()
