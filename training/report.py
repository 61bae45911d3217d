"""How good a model is on rows it never saw, beside what knows nothing of the customer.

Intervals come from a bootstrap over customers, not rows, for one customer's rows are not
independent (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from joblib import Parallel, delayed
from msgspec import Struct
from numpy.typing import NDArray

from training.dataset import Examples
from training.offpolicy.overlap import too_few

Vector = NDArray[np.float64]
LEVEL = 0.95


class Interval(Struct, frozen=True):
    """A figure and its 95% interval."""

    value: float
    low: float
    high: float


class Decile(Struct, frozen=True):
    """A tenth of the rows, by propensity: what was promised, and the mean of what came of it."""

    rows: int
    promised: float
    answered: float


class Figures(Struct, frozen=True):
    """`auc`: chance that an answered row ranks above an unanswered one, an answer worth a fifth
    being a fifth of one. `log_loss`: in nats a row. `calibration_error`: mean distance of promised
    and answered, over deciles."""

    auc: Interval
    log_loss: Interval
    calibration_error: float
    deciles: tuple[Decile, ...]


class Report(Struct, frozen=True):
    """Figures on the rows from `cut` (ms) on. `gain` is the model less popularity, in AUC and
    (sign turned) in log loss: below zero, the model is worse than one that knows no one."""

    kind: str
    cut: int
    training_rows: int
    training_positive: int
    test_rows: int
    test_positive: int
    test_customers: int
    choices: dict[str, float | bool]
    model: Figures
    baselines: dict[str, Figures]
    gain: dict[str, Interval]

    @property
    def narrow(self) -> str | None:
        """What is to be said of its intervals where they are of a handful of customers."""
        few = too_few(self.test_customers)
        return few and f"these intervals are too narrow: {few}"

    def json(self) -> bytes:
        """For machines, and for a version's metadata."""
        return msgspec.json.format(msgspec.json.encode(self))

    def text(self) -> str:
        """For people, in a few lines."""
        rows = {"model": self.model, **self.baselines}
        share = self.test_positive / self.test_rows
        return "\n".join(
            [
                f"{self.kind}: {self.training_rows:,} rows to learn from "
                f"({self.training_positive:,} positive); measured on {self.test_rows:,} later "
                f"rows of {self.test_customers:,} customers, {share:.2%} positive",
                f"{'':12} {'AUC (95%)':24} {'log loss (95%)':28} calibration error",
                *(_line(name, figures) for name, figures in rows.items()),
                f"over popularity: AUC {_shown(self.gain['auc'], '+.3f')}, "
                f"log loss better by {_shown(self.gain['log_loss'], '+.4f')}",
                *([self.narrow] if self.narrow else []),
                "promised / answered by tenth: "
                + ", ".join(f"{d.promised:.2%}/{d.answered:.2%}" for d in self.model.deciles),
            ]
        )


def _line(name: str, figures: Figures) -> str:
    auc, loss = _shown(figures.auc, ".3f"), _shown(figures.log_loss, ".4f")
    return f"{name:12} {auc:24} {loss:28} {figures.calibration_error:.4f}"


def _shown(interval: Interval, form: str) -> str:
    return f"{interval.value:{form}} ({interval.low:{form}} to {interval.high:{form}})"


def auc(labels: Vector, promised: Vector, weights: Vector) -> float:
    """Area under the ROC curve, ties counted half (Mann-Whitney). Of labels between 0 and 1 it
    stays below 1 even in their very order."""
    return _ranked(promised)(labels, weights)


def _ranked(promised: Vector) -> Callable[[Vector, Vector], float]:
    """AUC with the sorting done once, for many resamplings of the same rows."""
    _, rank = np.unique(promised, return_inverse=True)

    def area(labels: Vector, weights: Vector) -> float:
        positive = np.bincount(rank, weights * labels)
        negative = np.bincount(rank, weights * (1 - labels))
        below = np.cumsum(negative) - negative / 2
        return float(positive @ below / (positive.sum() * negative.sum()))

    return area


def log_losses(labels: Vector, promised: Vector) -> Vector:
    """-ln of the probability given to what happened, a row; never infinite. Of a label between
    0 and 1, the mean of both: least where its mean is what is promised."""
    yes, no = (np.log(np.clip(said, 1e-15, 1.0)) for said in (promised, 1 - promised))
    losses: Vector = -(labels * yes + (1 - labels) * no)
    return losses


def deciles(labels: Vector, promised: Vector, weights: Vector) -> tuple[Decile, ...]:
    """Ten groups of equally many rows, from the least to the most promised."""
    order = np.argsort(promised, kind="stable")
    return tuple(
        Decile(
            len(part),
            float(np.average(promised[part], weights=weights[part])),
            float(np.average(labels[part], weights=weights[part])),
        )
        for part in np.array_split(order, 10)
        if len(part)
    )


def captured(figures: Figures) -> tuple[float, ...]:
    """Which share of all answers no tenth of the rows holds, the most promising tenth, the first
    two, … all; so many numbers as there are tenths, and one."""
    best = sorted(figures.deciles, key=lambda one: -one.promised)
    answers = np.cumsum([0.0, *(one.rows * one.answered for one in best)])
    return tuple((answers / answers[-1]).tolist())


def evaluate(
    table: Examples,
    promised: Mapping[str, Vector],
    *,
    resamples: int,
    seed: int,
    threads: int,
) -> tuple[dict[str, Figures], dict[str, Interval]]:
    """Figures of each named vector of propensities, and the gain of `model` over `popularity`.

    All are resampled together, so that gains are paired. `resamples` of at least 20.
    """
    names = list(promised)
    areas = [_ranked(promised[name]) for name in names]
    losses = [log_losses(table.labels, promised[name]) for name in names]

    def measure(weights: Vector) -> list[float]:
        found = [area(table.labels, weights) for area in areas]
        return found + [float(np.average(loss, weights=weights)) for loss in losses]

    drawn = _resampled(table, resamples, seed)
    whole = measure(table.weights)
    parts = Parallel(n_jobs=threads, require="sharedmem")(delayed(measure)(w) for w in drawn)
    spread = np.array(parts)
    figures = {
        name: _figures(
            deciles(table.labels, promised[name], table.weights), whole, spread, i, len(names)
        )
        for i, name in enumerate(names)
    }
    return figures, _gains(names, whole, spread)


def _figures(
    tenths: tuple[Decile, ...], whole: Sequence[float], spread: Vector, i: int, models: int
) -> Figures:
    rows = sum(t.rows for t in tenths)
    error = sum(t.rows * abs(t.promised - t.answered) for t in tenths) / rows
    j = i + models
    return Figures(
        interval(whole[i], spread[:, i]), interval(whole[j], spread[:, j]), error, tenths
    )


def _gains(names: Sequence[str], whole: Sequence[float], spread: Vector) -> dict[str, Interval]:
    model, other = names.index("model"), names.index("popularity")
    loss, less = model + len(names), other + len(names)
    return {
        "auc": interval(whole[model] - whole[other], spread[:, model] - spread[:, other]),
        "log_loss": interval(whole[less] - whole[loss], spread[:, less] - spread[:, loss]),
    }


def interval(value: float, spread: Vector) -> Interval:
    """The percentile interval of resampled figures around the whole table's."""
    low, high = np.quantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high))


def _resampled(table: Examples, resamples: int, seed: int) -> list[Vector]:
    """Weights of the rows when as many customers are drawn with replacement; a draw without
    both answers measures nothing and is drawn again."""
    rng = np.random.default_rng(seed)
    subjects = np.unique(table.subjects, return_inverse=True)[1]
    count = int(subjects.max()) + 1
    drawn: list[Vector] = []
    while len(drawn) < resamples:
        weights = np.bincount(rng.integers(count, size=count), minlength=count)[subjects]
        weighted = weights * table.weights
        if 0 < weighted @ table.labels < weighted.sum():
            drawn.append(weighted)
    return drawn
