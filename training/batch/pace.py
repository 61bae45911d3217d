"""How long training takes: rows of a made-up house, fitted and measured as `teller train` does.

python -m training.batch.pace --rows 200000
"""

from __future__ import annotations

import time

import click
import numpy as np

from engine.domain import Action
from engine.models.features import Category, Feature, Number
from training.batch.past import Past
from training.batch.train import Choices, Learner, train
from training.dataset import examples

NUMBERS = 10
ACTIONS = 50
GROUPS = 5
HOUR = 3_600_000
ROWS_A_CUSTOMER = 10
WORDS = ("basic", "plus", "fibre")
FEATURES = (
    *(Feature(f"n{i}", f"customer.n{i}", Number(), by=("group",)) for i in range(NUMBERS)),
    Feature("plan", "customer.plan", Category(WORDS), by=("group",)),
)


def a_house(rows: int, actions: int = ACTIONS, seed: int = 0) -> Past:
    """So many rows of actions in 5 groups, 10 numbers and a plan known of each customer."""
    rng = np.random.default_rng(seed)
    shown = [Action(f"a{i}", "offer", f"g{i % GROUPS}", None) for i in range(actions)]
    numbers = rng.normal(size=(rows, NUMBERS))
    codes = rng.integers(actions, size=rows)
    plans = rng.choice(WORDS, rows).tolist()
    logits = numbers[:, 0] * (codes % GROUPS - 2) / 2 + numbers[:, 1] - codes / actions - 2.0
    labels = (rng.random(rows) < 1 / (1 + np.exp(-logits))).astype(np.float64)
    names = [f"n{i}" for i in range(NUMBERS)]
    table = examples(
        customers=[
            {**dict(zip(names, row, strict=True)), "plan": plan}
            for row, plan in zip(numbers.tolist(), plans, strict=True)
        ],
        actions=[shown[code] for code in codes.tolist()],
        labels=labels.tolist(),
        at=(np.arange(rows) * HOUR).tolist(),
        subjects=rng.integers(max(1, rows // ROWS_A_CUSTOMER), size=rows).tolist(),
    )
    chances = np.full(rows, 1 / actions)
    return Past(table, labels, chances, [""] * rows, np.ones(rows, np.bool_))


@click.command()
@click.option("--rows", default=200_000, show_default=True, type=click.IntRange(1000))
@click.option("--jobs", default=1, show_default=True)
def main(rows: int, jobs: int) -> None:
    """Seconds of the clock and of the processor, to fit these rows and to measure the model."""
    past = a_house(rows)
    learners: tuple[Learner, ...] = ("logistic", "trees")
    for learner in learners:
        steps = Steps()
        made = train(past, FEATURES, Choices(learner, resamples=100), jobs=jobs, told=steps)
        steps("")
        click.echo(
            f"{learner}, {rows:,} rows, AUC {made.study.report.model.auc.value:.3f}: {steps}"
        )


class Steps:
    """What fitting took, and all the rest."""

    def __init__(self) -> None:
        self._doing = ""
        self._since = (time.perf_counter(), time.process_time())
        self._took = {"fitting": [0.0, 0.0], "measuring": [0.0, 0.0]}

    def __call__(self, step: str) -> None:
        """The step before is done, this one begins."""
        now = (time.perf_counter(), time.process_time())
        if self._doing:
            took = self._took[self._doing]
            took[0] += now[0] - self._since[0]
            took[1] += now[1] - self._since[1]
        self._doing, self._since = step.partition(":")[0], now

    def __str__(self) -> str:
        return "; ".join(
            f"{what} {clock:.1f} s ({processor:.1f} s of processor)"
            for what, (clock, processor) in self._took.items()
        )


if __name__ == "__main__":
    main()
