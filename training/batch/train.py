"""From what happened to a model and its study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from joblib import parallel_config
from msgspec.structs import replace

from engine.errors import Misconfigured
from engine.models.base import Model
from engine.models.features import Feature
from engine.models.kinds import parse_model
from training.batch.declared import apart
from training.batch.importance import importance
from training.batch.past import Past
from training.batch.slices import slices
from training.batch.study import Study
from training.batch.worth import worth
from training.fit import Fitted, fit_beta, fit_logistic, fit_trees, popularity
from training.predicting import encoder_of, predict
from training.report import captured

Learner = Literal["logistic", "trees", "beta"]


class Choices(NamedTuple):
    """What the data scientist may choose. `own`: every action a learner of its own, held together
    by what all share. `clip`: no row weighs more than so many times a sure choice's; 1 weighs
    all alike. `test`: the share of rows, the latest, to measure on."""

    learner: Learner = "logistic"
    own: bool = False
    clip: float = 10.0
    test: float = 0.25
    resamples: int = 200
    seed: int = 0


class Trained(NamedTuple):
    """An artefact for the registry (`kind` says which), and how good it is."""

    kind: str
    artefact: bytes
    study: Study


def train(
    past: Past,
    features: Sequence[Feature],
    choices: Choices,
    *,
    jobs: int = 1,
    told: Callable[[str], object] = str,
) -> Trained:
    """Fit on the earlier rows, measure on the later ones. `told` hears what is being done.

    Raises Misconfigured where the rows are too few, or all answered alike.
    """
    rows = past.weighted(choices.clip)
    cut = _cut(rows, choices.test)
    training, test = rows.where(rows.table.at < cut), rows.where(rows.table.at >= cut)
    told(f"fitting: {choices.learner}, {len(training):,} rows")
    try:
        fitted = _fitted(rows, features, choices, cut, jobs)
    except ValueError as error:
        raise Misconfigured(f"these {len(rows):,} rows do not make a model: {error}") from error
    model = parse_model(fitted.kind, fitted.artefact)
    with parallel_config(backend="sequential"):  # scikit-learn would ask a cluster column by column
        study = _study(model, fitted, training, test, choices, told)
    return Trained(fitted.kind, fitted.artefact, study)


def _cut(rows: Past, share: float) -> int:
    """When the latest `share` of the rows begins, ms; rows of one moment stay together."""
    return int(np.quantile(rows.table.at, 1.0 - share, method="higher"))


def _fitted(
    rows: Past, features: Sequence[Feature], choices: Choices, cut: int, jobs: int
) -> Fitted:
    table, resamples, seed = rows.table, choices.resamples, choices.seed
    if choices.learner == "beta":
        return fit_beta(table, cut=cut, resamples=resamples, seed=seed)
    if choices.learner == "trees":
        return fit_trees(
            table, features, cut=cut, own=choices.own, resamples=resamples, seed=seed, threads=jobs
        )
    declared = apart(features) if choices.own else features
    return fit_logistic(table, declared, cut=cut, resamples=resamples, seed=seed, threads=jobs)


def _study(
    model: Model,
    fitted: Fitted,
    training: Past,
    test: Past,
    choices: Choices,
    told: Callable[[str], object],
) -> Study:
    sampling = {"resamples": choices.resamples, "seed": choices.seed}
    encoder = encoder_of(model)
    looked = () if encoder is None else encoder.features
    told("measuring: slices")
    cut = slices(test, predict(model, test.table), looked, **sampling)
    told("measuring: what it rests on")
    rests = importance(model, test.table, choices.seed)
    told("measuring: what choosing by it would have earned")
    popular = parse_model("beta", popularity(training.table))
    earned = worth(training, test, model, popular, **sampling)
    columns = () if encoder is None else tuple(encoder.columns)
    report = replace(fitted.report, choices={**fitted.report.choices, "own": choices.own})
    weighing = _weighing(training, choices)
    reached = captured(report.model)[1:]
    return Study(report, columns, reached, rests, cut, weighing, earned)


def _weighing(training: Past, choices: Choices) -> str:
    if training.probabilities is None:
        return "All rows weigh alike: with which chance actions were chosen is not known."
    if choices.clip <= 1.0:
        return "All rows weigh alike, though chances of being chosen were not."
    weights = training.table.weights
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    return (
        f"Rows weigh 1 over the chance of being chosen, at most {choices.clip:g}: "
        f"{len(weights):,} training rows are worth {effective:,.0f} of equal weight."
    )
