"""Choices made on the latest of the training rows: how well something did, and Platt's line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from training.answers import yes_and_no
from training.dataset import Examples
from training.report import log_losses

Vector = NDArray[np.float64]

LATEST = 0.2
"""The share of training rows, the latest ones, that choices are made on."""


def latest(training: Examples) -> NDArray[np.bool_]:
    """The latest fifth of the training rows, whole moments only. Raises ValueError when the
    others have one answer only."""
    late: NDArray[np.bool_] = training.at >= np.quantile(training.at, 1 - LATEST, method="higher")
    if not 0 < training.labels[~late].sum() < (~late).sum():
        raise ValueError("all but the latest training rows have one answer; move the cut")
    return late


def loss(promised: Vector, labels: Vector, weights: Vector) -> float:
    """The weighted mean log loss."""
    return float(np.average(log_losses(labels, promised), weights=weights))


def platt(
    logits: Vector, training: Examples, late: NDArray[np.bool_]
) -> tuple[float, float] | None:
    """Slope and shift learnt from the latest rows, if those learnt from the earlier half of
    them help on the later half (Platt, 1999)."""
    rows = np.flatnonzero(late)
    rows = rows[np.argsort(training.at[rows], kind="stable")]
    first, second = np.array_split(rows, 2)
    labels, weights = training.labels, training.weights
    if not all(0 < labels[half].sum() < len(half) for half in (first, second)):
        return None
    slope, shift = _line_through(logits[first], labels[first], weights[first])
    raw, straightened = (
        loss(expit(said), labels[second], weights[second])
        for said in (logits[second], slope * logits[second] + shift)
    )
    # A falling line would turn the ranking over: that is no calibration.
    if not straightened < raw or slope <= 0:
        return None
    return _line_through(logits[rows], labels[rows], weights[rows])


def _line_through(logits: Vector, labels: Vector, weights: Vector) -> tuple[float, float]:
    rows, answers, weights = yes_and_no(labels, weights)
    fitted = LogisticRegression(C=np.inf, max_iter=2000)
    fitted.fit(logits[rows, None], answers, sample_weight=weights)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
