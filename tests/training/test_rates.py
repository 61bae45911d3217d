"""Rates of answers: nobody's own answer is among what describes an action to their row."""

from __future__ import annotations

import numpy as np
import pytest

from engine.domain import Action
from engine.models.beta import BetaModel
from engine.models.trees import log_odds
from training.dataset import Examples, examples
from training.rates import FOLDS, rates, unseen_rates

WINE, NEWS = Action("wine", "offer", "drinks", None), Action("news", "message", None, None)


def table(answers: list[tuple[Action, float, int]]) -> Examples:
    """Rows of an action, its answer and its customer."""
    return examples(
        customers=[{}] * len(answers),
        actions=[action for action, _, _ in answers],
        labels=[label for _, label, _ in answers],
        at=list(range(len(answers))),
        subjects=[customer for _, _, customer in answers],
    )


def test_a_row_is_described_by_what_other_customers_answered() -> None:
    keen = [(WINE, 1.0, 0)] * 40
    others = [(WINE, 0.0, customer) for customer in range(1, FOLDS)] * 10
    whole = table(keen + others + [(NEWS, 1.0, 1), (NEWS, 0.0, 2)] * 20)
    found = unseen_rates(whole)
    theirs = whole.where(whole.subjects != 0)
    wine = BetaModel(rates(theirs), "").rate(WINE)
    assert found[0] == pytest.approx(log_odds(wine))
    assert found[0] < log_odds(BetaModel(rates(whole), "").rate(WINE)) - 1.0
    assert np.isfinite(found).all()


def test_rates_of_actions_never_answered_are_rates_still() -> None:
    silent = table([(WINE, 0.0, i) for i in range(20)])
    assert 0 < BetaModel(rates(silent), "").rate(WINE) < 0.01
