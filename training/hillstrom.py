"""Would choosing the e-mail for each customer have beaten one e-mail for all?

A study of Kevin Hillstrom's e-mail test (64,000 customers; a men's e-mail, a women's, none;
each with the chance of a third), from its CSV to figures:

    python -m training.hillstrom hillstrom.csv.gz --directory reports
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.errors import Misconfigured
from training.offpolicy.assess import Choices, assess
from training.offpolicy.logged import Logged, Numbers, logged
from training.offpolicy.mapping import column, number, read_frame
from training.offpolicy.report import Evaluation, verdict
from training.offpolicy.rewards import FOLDS, Kind, predict, reward_model, split
from training.offpolicy.targets import Target, constant, whole

ARM = "segment"
ARMS = ("Mens E-Mail", "No E-Mail", "Womens E-Mail")
OUTCOMES = ("visit", "conversion", "spend")
FACTS = (
    "recency",
    "history_segment",
    "history",
    "mens",
    "womens",
    "zip_code",
    "newbie",
    "channel",
)
LEARNERS: tuple[Kind, ...] = ("linear", "boosting")


def study(frame: pd.DataFrame, outcome: str, *, resamples: int = 1000, seed: int = 0) -> Evaluation:
    """The value of each arm for all, and of choosing by each learner, in `outcome` a customer.

    Choices are cross-fitted: nobody's own answer had a part in what was chosen for them, and
    a learner picks by its own guess of the outcome under each arm. Raises Misconfigured.
    """
    log = to_log(frame, outcome)
    chosen = [policy(log, kind, seed=seed) for kind in LEARNERS]
    arms = [constant(log, arm) for arm in ARMS]
    return assess(log, chosen, arms, Choices(resamples=resamples, seed=seed))


def to_log(frame: pd.DataFrame, outcome: str) -> Logged:
    """The test as a log. Raises Misconfigured when it is not Hillstrom's table."""
    arms = column(frame, ARM)
    if strange := sorted(set(arms) - set(ARMS)):
        raise Misconfigured(f"column {ARM!r} holds {strange[0]!r}; its arms are {', '.join(ARMS)}")
    return logged(
        actions=arms,
        rewards=number(frame, outcome),
        probabilities=pd.Series(np.full(len(frame), 1 / len(ARMS))),
        contexts=pd.concat([column(frame, name) for name in FACTS], axis=1),
        names=ARMS,
    )


def policy(log: Logged, kind: Kind, *, seed: int) -> Target:
    """For each customer the arm of the greatest promise, by models of each arm fitted on
    customers of other folds."""
    matrix = np.zeros((len(log), len(log.names)))
    for fold in split(log.subjects, FOLDS, seed + 1):
        matrix[np.flatnonzero(fold), _best(log, fold, kind)] = 1.0
    return whole(kind, log, matrix)


def _best(log: Logged, fold: NDArray[np.bool_], kind: Kind) -> Numbers:
    promised = []
    for arm in range(len(log.names)):
        rows = ~fold & (log.actions == arm)
        model = reward_model(log.rewards[rows], kind)
        model.fit(log.contexts[rows], log.rewards[rows])
        promised.append(predict(model, log.contexts[fold]))
    return np.asarray(np.argmax(promised, axis=0), np.int64)


def conclusion(found: Evaluation) -> str:
    """One sentence a learner: what its gain over the best arm for everyone allows to be said."""
    best = max(found.baselines, key=lambda arm: arm.value.value)
    said = {
        "better": "gains over",
        "worse": "loses to",
        "no difference shown": "shows no clear gain over",
    }
    return "\n".join(
        f"Choosing by {learner.name} {said[verdict(gain)]} {best.name}, the best for everyone: "
        f"{gain.value:+.5f} ({gain.low:+.5f} to {gain.high:+.5f}) a customer."
        for learner in found.policies
        for gain in [learner.gains[best.name]]
    )


@click.command()
@click.argument("data", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--outcome", "outcomes", multiple=True, type=click.Choice(OUTCOMES),
              help="Only these; all three unless given")  # fmt: skip
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(100),
              help="Of customers, for the intervals")  # fmt: skip
@click.option("--directory", type=click.Path(path_type=Path, file_okay=False),
              help="Write <outcome>.json and <outcome>.html here")  # fmt: skip
def main(data: Path, outcomes: tuple[str, ...], resamples: int, directory: Path | None) -> None:
    """The study of Hillstrom's e-mail test, from its CSV (DATA) to its report."""
    try:
        frame = read_frame(data)
        for outcome in outcomes or OUTCOMES:
            found = study(frame, outcome, resamples=resamples)
            click.echo(f"{outcome}\n{found.text()}\n{conclusion(found)}\n")
            if directory:
                _write(found, directory, outcome)
    except Misconfigured as error:
        raise click.ClickException(str(error)) from error


def _write(found: Evaluation, directory: Path, outcome: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{outcome}.json").write_bytes(found.json())
    (directory / f"{outcome}.html").write_text(found.html(f"Hillstrom: {outcome}"), "utf-8")


if __name__ == "__main__":
    main()
