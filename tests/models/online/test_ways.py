"""Facts about the four ways in which trees correct a mean, and how much each counts."""

from __future__ import annotations

import numpy as np
import pytest

from engine.models.online.ways import PARTS, Losses, added, judged, said, together, trust
from engine.models.online.wood import TREES

NOBODY: Losses = (0.0, 0.0, 0.0, 0.0, 0.0)


def test_without_answers_each_mean_is_left_as_it_was() -> None:
    honest, missed, alone, rewards = said(np.zeros(PARTS), 0.4, 0.3)
    assert (honest, missed, rewards) == (0.0, 0.0, 0.0)
    assert 0.4 + alone == pytest.approx(0.3)


def test_many_answers_speak_for_themselves_in_each_way() -> None:
    """The rest says 0.4, the weights 0.3, and 0.9 came of it in every leaf, again and again."""
    answers = 1e6 * TREES
    sums = answers * np.array([1.0, 0.5, 0.5, 0.6, 0.9])
    assert said(sums, 0.4, 0.3) == pytest.approx((0.5,) * 4, abs=1e-4)


def test_all_actions_are_told_at_once_what_each_would_be_told() -> None:
    sums = np.random.default_rng(1).random((3, PARTS))
    rest, alone = np.array([0.1, 0.2, 0.3]), np.array([0.3, 0.1, 0.2])
    ways = 0.4, 0.1, 0.3, 0.2
    told = together(ways, sums, rest, alone)
    for one in range(3):
        apart = said(sums[one], float(rest[one]), float(alone[one]))
        assert told[one] == pytest.approx(float(np.dot(ways, apart)), abs=1e-12)


def test_all_ways_count_even_where_one_did_better() -> None:
    nothing, ways = trust((60.0, 10.0, 40.0, 40.0, 40.0))
    assert nothing == pytest.approx(0.0, abs=1e-9)
    assert ways == pytest.approx((0.3 + 0.7 / 4, 0.7 / 4, 0.7 / 4, 0.7 / 4))


def test_trees_that_did_no_better_than_nothing_are_not_believed() -> None:
    nothing, ways = trust((10.0, 40.0, 40.0, 40.0, 40.0))
    assert nothing == pytest.approx(1.0)
    assert sum(ways) == pytest.approx(0.0, abs=1e-9)


def test_what_counts_adds_up_to_one() -> None:
    nothing, ways = trust((1.0, 1.1, 0.9, 1.3, 0.7))
    assert nothing + sum(ways) == pytest.approx(1.0)


def test_whoever_is_further_off_loses_more_and_nobody_more_than_one_an_answer() -> None:
    losses = judged(NOBODY, 0.5, (0.5, 0.4, 0.0, -9.0))
    assert losses == pytest.approx(tuple(0.999 * off for off in (0.25, 0.0, 0.01, 0.25, 1.0)))
    assert added(losses, losses) == pytest.approx(tuple(2.0 * loss for loss in losses))
