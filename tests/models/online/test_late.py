"""Facts about answers that come long after their offers counted as unanswered: one large send."""

from __future__ import annotations

import numpy as np
import pytest

from engine.models.online.learner import Learner
from tests.models.online.pupils import ACTIONS, PLAIN, believed

OFFERS = 1_500


def sent(share: float, known: int = OFFERS) -> Learner:
    """That share of the offers is answered, all once every offer has counted as unanswered; of so
    many of them it is known."""
    chance = np.random.default_rng(3)
    learner, late = Learner(PLAIN), []
    learner.know(ACTIONS)
    for _ in range(OFFERS):
        x = np.array([chance.normal(), 0.0, *chance.permutation([1.0, 0.0, 0.0])])
        action = ACTIONS[int(chance.integers(len(ACTIONS)))].id
        learner.expand.see(x)
        learner.learn(x, action, 0.0)
        if chance.random() < share:
            late.append((x, action))
    for x, action in late[:known]:
        learner.more(x, action, 0.0, 1.0)
    return learner


@pytest.mark.parametrize("share", [0.03, 0.15])
def test_what_is_answered_only_after_a_large_send_is_promised_about_as_often_as_it_came(
    share: float,
) -> None:
    learner = sent(share)
    chance = np.random.default_rng(4)
    rows = [[chance.normal(), 0.0, *chance.permutation([1.0, 0.0, 0.0])] for _ in range(100)]
    promised = float(np.mean([believed(learner, row)[0] for row in rows]))
    assert share / 2.0 < promised < 2.0 * share


@pytest.mark.parametrize("share", [0.03, 0.15])
def test_a_large_send_takes_nothing_from_what_tells_moments_apart(share: float) -> None:
    """While offers went unanswered nothing was expected of any, which then proved neither right
    nor wrong; the next answers say what it is worth."""
    assert sent(share).belief.hindsight.temper.slope > 0.8


def test_one_restored_between_two_late_answers_goes_on_as_the_first_would() -> None:
    learner = sent(0.03, known=12)
    again = Learner.restore(learner.state())
    for one in (learner, again):
        for _ in range(9):
            one.more(np.array([0.5, 0.0, 1.0, 0.0, 0.0]), "isa", 0.0, 1.0)
    assert again.state() == learner.state()
