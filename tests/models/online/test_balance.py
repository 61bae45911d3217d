"""Facts about who is believed, an action's own answers or what all have in common."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ModelRefused
from engine.models.online.balance import Balance


def heard(rate: float, own: float, shared: float, answers: int = 800) -> Balance:
    """`own`, `shared`: how much either knows of who answers, from 0 to 1."""
    chance, balance = np.random.default_rng(1), Balance()
    for _ in range(answers):
        truth = min(rate * chance.exponential(), 1.0)
        came = float(chance.random() < truth)
        told = ((1.0 - much) * rate + much * truth for much in (own, shared))
        balance.take(came, *told)
    return balance


def test_before_anything_came_the_own_are_believed() -> None:
    assert Balance().shared == 0.0


def test_who_tells_yes_from_no_is_believed() -> None:
    assert heard(0.3, own=0.0, shared=1.0).shared > 0.9
    assert heard(0.3, own=1.0, shared=0.0).shared < 0.1


def test_whose_own_are_vouched_for_is_believed_and_not_taken_for_one_whom_many_say_yes_to() -> None:
    balance = heard(0.3, own=0.0, shared=0.0)
    assert balance.often
    balance.vouch()
    assert balance.shared == 0.0
    assert not balance.often


def test_where_a_yes_is_rare_the_shared_is_believed() -> None:
    assert heard(0.005, own=0.0, shared=0.0).shared == 1.0


def test_what_grew_frequent_since_may_still_be_told_best_by_what_is_shared() -> None:
    balance = heard(0.005, own=0.0, shared=0.0, answers=300)
    for number in range(1000):
        balance.take(float(number % 10 == 0), 0.1, 0.1)
    assert balance.shared == 1.0


def test_promising_a_multiple_of_it_says_nothing_of_who_tells_yes_from_no() -> None:
    one, other = Balance(), Balance()
    for number in range(300):
        came = float(number % 3 == 0)
        one.take(came, 0.3, 0.2 + 0.3 * came)
        other.take(came, 0.3, 0.02 + 0.03 * came)
    assert one.shared == pytest.approx(other.shared)
    assert one.shared > 0.9


def test_who_is_believed_is_the_same_where_every_yes_comes_late() -> None:
    late, at_once = Balance(), Balance()
    for number in range(600):
        came, promised = float(number % 4 == 0), (0.25, 0.1 + 0.5 * (number % 4 == 0))
        at_once.take(came, *promised)
        late.amend(late.take(0.0, *promised), came)
    assert late.shared == pytest.approx(at_once.shared)
    assert late.moments == pytest.approx(at_once.moments)


def test_an_answer_that_comes_in_parts_counts_as_the_whole() -> None:
    parts, whole = Balance(), Balance()
    whole.take(1.0, 0.5, 0.25)
    first = parts.take(0.25, 0.5, 0.25)
    parts.amend(first, 0.25)
    parts.amend(first._replace(reward=0.5), 0.5)
    assert parts.moments == whole.moments


def test_that_the_first_answers_worked_may_be_known_late() -> None:
    late, at_once = Balance(), Balance()
    offers = [late.take(0.0, 0.1, 0.1) for _ in range(300)]
    for number in range(300):
        at_once.take(float(number % 10 == 0), 0.1, 0.1)
        if number % 10 == 0:
            late.amend(offers[number], 1.0)
    assert late.moments[:2] == at_once.moments[:2] == (200.0, 20.0)


def test_what_two_have_heard_adds_up() -> None:
    one, other = heard(0.3, 0.0, 1.0, 200), heard(0.3, 1.0, 0.0, 200)
    before = one.moments, other.moments
    one.join(other)
    assert one.moments == tuple(a + b for a, b in zip(*before, strict=True))


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf"), 1e300])
def test_sums_that_cannot_be_are_refused(bad: float) -> None:
    with pytest.raises(ModelRefused, match="balance"):
        Balance((1.0, 1.0, 1.0, bad, 1.0, 1.0, 1.0, 1.0))
