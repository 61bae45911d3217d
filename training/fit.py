"""Fit a model to the training table, and say honestly how good it is.

Everything is decided on rows before the cut: scales, strength of regularisation, whether
calibration helps. Rows from the cut on are looked at once, by the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from engine.models.base import Model
from engine.models.beta import STRENGTH
from engine.models.features import Feature
from engine.models.kinds import parse_model
from training.answers import yes_and_no
from training.boosting import SHAPES, Shape, fit_boosting
from training.calibration import latest, loss, platt
from training.dataset import Examples, scaled
from training.design import Design
from training.predicting import predict
from training.rates import rates
from training.report import Report, evaluate

Vector = NDArray[np.float64]

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


class Fitted(NamedTuple):
    """An artefact for the registry (`kind` says which), and its report."""

    kind: str
    artefact: bytes
    report: Report


class Line(NamedTuple):
    """Coefficients in the order of the design's columns, and the intercept."""

    coefficients: Vector
    intercept: float

    def logits(self, x: sparse.csr_matrix) -> Vector:
        logits: Vector = x @ self.coefficients + self.intercept
        return logits


def fit_logistic(  # noqa: PLR0913 - each is a choice of the data scientist
    table: Examples,
    features: Sequence[Feature],
    *,
    cut: int,
    strengths: Sequence[float] = STRENGTHS,
    calibrate: bool = True,
    rescale: bool = True,
    resamples: int = 200,
    threads: int = 1,
    seed: int = 0,
) -> Fitted:
    """A logistic regression on rows before `cut` (ms), measured on the rows from it on.

    `strengths`: scikit-learn's C to choose from, by log loss on the latest fifth of the
    training rows. `calibrate`: fold in Platt's line if it helps there. `rescale`: take mean,
    scale and missing value of numbers from the training rows. Raises ValueError when either
    side of the cut lacks positive or negative rows.
    """
    training, test = table.split(cut)
    declared = scaled(features, training) if rescale else tuple(features)
    design = Design(declared, training.actions)
    x = design.matrix(training)
    late = latest(training)
    strength, early = _strongest(x, training, late, strengths, threads)
    straight = platt(early.logits(x), training, late) if calibrate else None
    line = early if straight else fit_line(x, training.labels, training.weights, strength)
    slope, shift = straight or (1.0, 0.0)
    artefact = design.artefact(slope * line.coefficients, slope * line.intercept + shift)
    choices: dict[str, float | bool] = {"strength": strength, "calibrated": straight is not None}
    model = parse_model("logistic", artefact)
    report = _report(model, training, test, cut, choices, (resamples, seed, threads))
    return Fitted("logistic", artefact, report)


def fit_beta(
    table: Examples,
    *,
    cut: int,
    strength: float = STRENGTH,
    resamples: int = 200,
    threads: int = 1,
    seed: int = 0,
) -> Fitted:
    """Rates per action, group and kind from rows before `cut` (ms); `strength` in offers.

    Raises ValueError when either side of the cut lacks positive or negative rows.
    """
    training, test = table.split(cut)
    artefact = popularity(training, strength)
    choices: dict[str, float | bool] = {"strength": strength}
    model = parse_model("beta", artefact)
    report = _report(model, training, test, cut, choices, (resamples, seed, threads))
    return Fitted("beta", artefact, report)


def popularity(training: Examples, strength: float = STRENGTH) -> bytes:
    """The artefact of a Beta model: weighted tallies of these rows."""
    return msgspec.json.encode(rates(training, strength))


def fit_trees(  # noqa: PLR0913 - each is a choice of the data scientist
    table: Examples,
    features: Sequence[Feature],
    *,
    cut: int,
    shapes: Sequence[Shape] = SHAPES,
    own: bool = False,
    calibrate: bool = True,
    resamples: int = 200,
    threads: int = 1,
    seed: int = 0,
) -> Fitted:
    """Gradient boosting on rows before `cut` (ms), measured on the rows from it on.

    How many trees, leaves and how large a step are chosen on the latest fifth of the training
    rows. `shapes` and `own`: see `fit_boosting`. Raises ValueError when either side of the cut
    lacks positive or negative rows.
    """
    training, test = table.split(cut)
    artefact, choices = fit_boosting(
        training,
        scaled(features, training),
        shapes=shapes,
        own=own,
        calibrate=calibrate,
        threads=threads,
        seed=seed,
    )
    model = parse_model("trees", artefact)
    report = _report(model, training, test, cut, choices, (resamples, seed, threads))
    return Fitted("trees", artefact, report)


def fit_line(x: sparse.csr_matrix, labels: Vector, weights: Vector, strength: float) -> Line:
    """scikit-learn's logistic regression, L2-regularised with C = `strength`."""
    rows, answers, weights = yes_and_no(labels, weights)
    # Tight, so that the same rows give the same model to many digits on any machine.
    fitted = LogisticRegression(C=strength, max_iter=2000, tol=1e-6)
    fitted.fit(x[rows], answers, sample_weight=weights)
    return Line(fitted.coef_[0], float(fitted.intercept_[0]))


def _strongest(
    x: sparse.csr_matrix,
    training: Examples,
    late: NDArray[np.bool_],
    strengths: Sequence[float],
    threads: int,
) -> tuple[float, Line]:
    """The strength that foresees the latest rows best, and what it learnt from the others."""
    labels, weights = training.labels, training.weights
    lines = Parallel(n_jobs=threads, prefer="threads")(
        delayed(fit_line)(x[~late], labels[~late], weights[~late], strength)
        for strength in strengths
    )
    losses = [loss(expit(line.logits(x[late])), labels[late], weights[late]) for line in lines]
    best = int(np.argmin(losses))
    return float(strengths[best]), lines[best]


def _report(
    model: Model,
    training: Examples,
    test: Examples,
    cut: int,
    choices: dict[str, float | bool],
    sampling: tuple[int, int, int],
) -> Report:
    resamples, seed, threads = sampling
    rate = float(np.average(training.labels, weights=training.weights))
    promised = {
        "model": predict(model, test),
        "popularity": predict(parse_model("beta", popularity(training)), test),
        "constant": np.full(len(test), rate),
    }
    figures, gain = evaluate(test, promised, resamples=resamples, seed=seed, threads=threads)
    return Report(
        kind=model.kind,
        cut=cut,
        training_rows=len(training),
        training_positive=training.answered,
        test_rows=len(test),
        test_positive=test.answered,
        test_customers=len(np.unique(test.subjects)),
        choices=choices,
        model=figures.pop("model"),
        baselines=figures,
        gain=gain,
    )
