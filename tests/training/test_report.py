"""Facts about the figures: they are the textbook's, and their intervals are honest."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from tests.training.worlds import ACTIONS, a_world
from training.dataset import Examples, examples
from training.report import auc, deciles, evaluate, log_losses


@pytest.mark.parametrize("seed", range(8))
def test_figures_agree_with_scikit_learn_ties_and_weights_included(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=300).astype(float)
    promised = rng.integers(1, 9, size=300) / 10
    weights = rng.random(300) + 0.1
    theirs = roc_auc_score(labels, promised, sample_weight=weights)
    assert math.isclose(auc(labels, promised, weights), theirs, abs_tol=1e-12)
    loss = float(np.average(log_losses(labels, promised), weights=weights))
    theirs = log_loss(labels, promised, sample_weight=weights)
    assert math.isclose(loss, theirs, abs_tol=1e-12)


def test_a_certainty_that_fails_costs_much_but_not_infinitely() -> None:
    assert np.isfinite(log_losses(np.array([1.0, 0.0]), np.array([0.0, 1.0]))).all()


def test_deciles_hold_all_rows_from_least_to_most_promised() -> None:
    promised = np.random.default_rng(0).random(1003)
    tenths = deciles((promised > 0.5).astype(float), promised, np.ones(1003))
    assert sum(tenth.rows for tenth in tenths) == 1003
    assert [t.promised for t in tenths] == sorted(t.promised for t in tenths)
    assert [t.answered for t in tenths] == sorted(t.answered for t in tenths)


def a_guess(table: Examples) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    rng = np.random.default_rng(5)
    half = np.full(len(table), 0.5)
    return {"model": rng.uniform(0.1, 0.9, len(table)), "popularity": half}


def test_a_guess_gains_nothing() -> None:
    table = a_world(1000)
    _, gain = evaluate(table, a_guess(table), resamples=100, seed=1, threads=1)
    assert gain["auc"].low < 0 < gain["auc"].high
    assert gain["log_loss"].value < 0


def test_a_figure_lies_within_its_interval_and_the_seed_decides_it() -> None:
    table = a_world(1000)
    figures, _ = evaluate(table, a_guess(table), resamples=100, seed=1, threads=1)
    area = figures["model"].auc
    assert area.low < area.value < area.high
    assert evaluate(table, a_guess(table), resamples=100, seed=1, threads=2)[0] == figures
    assert evaluate(table, a_guess(table), resamples=100, seed=2, threads=1)[0] != figures


def test_the_same_rows_ten_times_over_are_no_more_evidence() -> None:
    """A bootstrap over rows would call this ten times the data, and the interval a third."""
    once = a_world(300)
    own = replace(once, subjects=np.arange(300))
    tenfold = examples(
        customers=[facts.customer for facts in own.facts] * 10,
        actions=list(own.actions) * 10,
        labels=np.tile(own.labels, 10).tolist(),
        at=np.tile(own.at, 10).tolist(),
        subjects=np.tile(own.subjects, 10).tolist(),
    )
    guess = a_guess(own)
    tiled = {name: np.tile(promised, 10) for name, promised in guess.items()}
    narrow, _ = evaluate(own, guess, resamples=200, seed=1, threads=1)
    wide, _ = evaluate(tenfold, tiled, resamples=200, seed=1, threads=1)
    spans = [f["model"].auc.high - f["model"].auc.low for f in (narrow, wide)]
    assert math.isclose(*spans, rel_tol=1e-9)


def test_a_draw_of_customers_without_an_answer_is_drawn_again() -> None:
    table = examples(
        customers=[{}] * 6, actions=[ACTIONS[0]] * 6, labels=[1, 0, 0, 0, 0, 0], at=[0] * 6
    )
    figures, _ = evaluate(table, a_guess(table), resamples=50, seed=1, threads=1)
    assert math.isfinite(figures["model"].auc.low)
