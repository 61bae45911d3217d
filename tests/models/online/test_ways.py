"""Facts about the four ways in which trees correct a mean, and how much each counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models.online.ways import PARTS, Losses, added, judged, said, together, trust
from engine.models.online.wood import TREES, Numbers

NOBODY: Losses = (0.0, 0.0, 0.0, 0.0, 0.0)


def test_without_answers_each_mean_is_left_as_it_was() -> None:
    honest, missed, alone, rewards = said((0.0, 0.0, 0.0, 0.0, 0.0), 0.4, 0.3)
    assert (honest, missed, rewards) == (0.0, 0.0, 0.0)
    assert 0.4 + alone == pytest.approx(0.3)


def test_many_answers_speak_for_themselves_in_each_way() -> None:
    """The rest says 0.4, the weights 0.3, and 0.9 came of it in every leaf, again and again."""
    answers = 1e6 * TREES
    sums = answers, 0.5 * answers, 0.5 * answers, 0.6 * answers, 0.9 * answers
    assert said(sums, 0.4, 0.3) == pytest.approx((0.5,) * 4, abs=1e-4)


def said_by_the_book(sums: Numbers, rest: float, alone: float) -> Numbers:
    """As the module's formulas have it, each added to the mean of the rest."""
    count, honest, missed, lone, rewards = sums
    doubt = 0.5 * TREES
    means = [
        rest + honest / (doubt + count),
        rest + missed / (doubt + count),
        alone + lone / (doubt + count),
        (rewards + doubt * rest) / (doubt + count),
    ]
    return np.array(means) - rest


@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(0, 8))
def test_all_actions_are_told_at_once_what_each_would_be_told(
    seed: int, seats: int, actions: int
) -> None:
    """Those without a seat nothing, with seats to spare; those with one but no row are left out."""
    chance = np.random.default_rng(seed)
    table, owners = chance.random((9, 8, PARTS)), chance.permutation(8)[:seats]
    leaves = chance.integers(9, size=TREES).astype(np.uint16)
    rest, alone = chance.random((2, actions))
    ways = 0.4, 0.1, 0.3, 0.2
    told = together(ways, table, leaves, owners, rest, alone)
    expected = np.zeros(8)
    for sums, row in zip(table[leaves].sum(axis=0), owners, strict=False):
        if row < actions:
            expected[row] = np.dot(ways, said_by_the_book(sums, rest[row], alone[row]))
    assert told == pytest.approx(expected[:actions], abs=1e-12)


@given(st.lists(st.floats(0.0, 900.0), min_size=5, max_size=5))
def test_trust_is_what_is_left_of_what_each_lost(losses: list[float]) -> None:
    one, two, three, four, five = losses
    nothing, ways = trust((one, two, three, four, five))
    weights = np.exp(-2.0 * (np.array(losses) - min(losses)))
    weights /= weights.sum()
    expected = 0.3 * weights[1:] + 0.7 * weights[1:].sum() / 4.0
    assert [nothing, *ways] == pytest.approx([weights[0], *expected], abs=1e-12)


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
