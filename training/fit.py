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
from engine.models.beta import STRENGTH, BetaArtefact, Tally
from engine.models.features import FACETS, Feature
from engine.models.kinds import parse_model
from engine.models.logistic import LogisticModel
from training.dataset import Examples, scaled
from training.design import Design
from training.report import Report, evaluate, log_losses

Vector = NDArray[np.float64]

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
LATEST = 0.2
"""The share of training rows, the latest ones, that choices are made on."""


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
    latest = _latest(training)
    strength, early = _strongest(x, training, latest, strengths, threads)
    platt = _platt(early.logits(x), training, latest) if calibrate else None
    line = early if platt else fit_line(x, training, strength)
    slope, shift = platt or (1.0, 0.0)
    artefact = design.artefact(slope * line.coefficients, slope * line.intercept + shift)
    choices: dict[str, float | bool] = {"strength": strength, "calibrated": platt is not None}
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
    tallies: dict[str, dict[str, Tally]] = {facet: {} for facet in FACETS}
    for facet in FACETS:
        sums: dict[str, list[float]] = {}
        rows = zip(training.actions, training.labels, training.weights, strict=True)
        for action, label, weight in rows:
            tally = sums.setdefault(getattr(action, facet) or "", [0.0, 0.0])
            tally[0] += float(weight)
            tally[1] += float(weight * label)
        tallies[facet] = {name: Tally(*sums[name]) for name in sorted(sums) if name}
    rate = float(np.average(training.labels, weights=training.weights))
    return msgspec.json.encode(BetaArtefact(rate, strength, **tallies))


def fit_line(x: sparse.csr_matrix, table: Examples, strength: float) -> Line:
    """scikit-learn's logistic regression, L2-regularised with C = `strength`."""
    # Tight, so that the same rows give the same model to many digits on any machine.
    fitted = LogisticRegression(C=strength, max_iter=2000, tol=1e-6)
    fitted.fit(x, table.labels, sample_weight=table.weights)
    return Line(fitted.coef_[0], float(fitted.intercept_[0]))


def predict(model: Model, table: Examples) -> Vector:
    """Each row's propensity, as the model would serve it."""
    actions = sorted(set(table.actions), key=lambda action: action.id)
    number = {action: i for i, action in enumerate(actions)}
    codes = np.array([number[action] for action in table.actions])
    if not isinstance(model, LogisticModel):
        scorer = model.bind(actions)
        rows = zip(table.facts, codes, strict=True)
        return np.array([scorer.score(facts).propensities[code] for facts, code in rows])
    slopes, intercepts = model.fold(actions)
    x = model.encoder.matrix(table.facts)
    promised: Vector = expit(np.einsum("ij,ij->i", x, slopes[codes]) + intercepts[codes])
    return promised


def _latest(training: Examples) -> NDArray[np.bool_]:
    """The latest fifth of the training rows, whole moments only."""
    late: NDArray[np.bool_] = training.at >= np.quantile(training.at, 1 - LATEST, method="higher")
    return late


def _strongest(
    x: sparse.csr_matrix,
    training: Examples,
    latest: NDArray[np.bool_],
    strengths: Sequence[float],
    threads: int,
) -> tuple[float, Line]:
    """The strength that foresees the latest rows best, and what it learnt from the others."""
    early = training.where(~latest)
    if not 0 < early.labels.sum() < len(early):
        raise ValueError("all but the latest training rows have one answer; move the cut")
    lines = Parallel(n_jobs=threads, prefer="threads")(
        delayed(fit_line)(x[~latest], early, strength) for strength in strengths
    )
    late = training.where(latest)
    losses = [_loss(expit(line.logits(x[latest])), late) for line in lines]
    best = int(np.argmin(losses))
    return float(strengths[best]), lines[best]


def _platt(
    logits: Vector, training: Examples, latest: NDArray[np.bool_]
) -> tuple[float, float] | None:
    """Slope and shift learnt from the latest rows, if those learnt from the earlier half of
    them help on the later half (Platt, 1999)."""
    late = np.flatnonzero(latest)
    late = late[np.argsort(training.at[late], kind="stable")]
    first, second = np.array_split(late, 2)
    if not all(0 < training.labels[half].sum() < len(half) for half in (first, second)):
        return None
    slope, shift = _line_through(logits[first], training, first)
    judges = training.where(_mask(second, len(training)))
    ordered = logits[np.sort(second)]
    helped = _loss(expit(slope * ordered + shift), judges) < _loss(expit(ordered), judges)
    # A falling line would turn the ranking over: that is no calibration.
    return _line_through(logits[late], training, late) if helped and slope > 0 else None


def _line_through(
    logits: Vector, training: Examples, rows: NDArray[np.int64]
) -> tuple[float, float]:
    fitted = LogisticRegression(C=np.inf, max_iter=2000)
    fitted.fit(logits[:, None], training.labels[rows], sample_weight=training.weights[rows])
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def _mask(rows: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    mask = np.zeros(count, dtype=np.bool_)
    mask[rows] = True
    return mask


def _loss(promised: Vector, table: Examples) -> float:
    return float(np.average(log_losses(table.labels, promised), weights=table.weights))


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
        training_positive=int(training.labels.sum()),
        test_rows=len(test),
        test_positive=int(test.labels.sum()),
        test_customers=len(np.unique(test.subjects)),
        choices=choices,
        model=figures.pop("model"),
        baselines=figures,
        gain=gain,
    )
