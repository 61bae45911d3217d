"""Facts about what the answers of each leaf and action come to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models.online import hindsight
from engine.models.online.tallies import CELLS, Tallies, most_leaves
from engine.models.online.ways import PARTS, Parts
from engine.models.online.wood import TREES

CHANCE = np.random.default_rng(3)
LEAVES, ANSWERS = 4 * TREES, 90
ENDS = (4 * np.arange(TREES) + CHANCE.integers(4, size=(ANSWERS, TREES))).astype(np.uint16)
OWNERS = CHANCE.integers(5, size=ANSWERS)
OFF = CHANCE.integers(-(2**20), 2**20, size=(ANSWERS, PARTS - 1)) / 2.0**20
VALUES = np.hstack([np.ones((ANSWERS, 1)), OFF]).astype(np.float32)


def one_by_one(order: list[int]) -> Tallies:
    tallies = Tallies(LEAVES, ENDS[:0], OWNERS[:0], VALUES[:0])
    for answer in order:
        tallies.add(ENDS[answer], int(OWNERS[answer]), parts(answer))
    return tallies


def parts(answer: int, times: float = 1.0) -> Parts:
    one, two, three, four, five = (times * VALUES[answer].astype(np.float64)).tolist()
    return one, two, three, four, five


@given(st.integers(0, 2**32), st.integers(0, 40), st.integers(1, 9), st.integers(0, 12))
def test_sums_are_those_of_a_plain_count(seed: int, first: int, owners: int, more: int) -> None:
    """Of as many as there were at once, and of some that came or went one by one since."""
    chance = np.random.default_rng(seed)
    count = first + more
    ends = (3 * np.arange(TREES) + chance.integers(3, size=(count, TREES))).astype(np.uint16)
    whose = chance.integers(owners, size=count)
    values = chance.integers(-99, 99, (count, PARTS)).astype(np.float32)
    tallies = Tallies(3 * TREES, ends[:first], whose[:first], values[:first])
    for answer in range(first, count):
        one, two, three, four, five = values[answer].tolist()
        tallies.add(ends[answer], int(whose[answer]), (one, two, three, four, five))
    leaves = (3 * np.arange(TREES) + chance.integers(3, size=TREES)).astype(np.uint16)
    shared = (ends == leaves).sum(axis=1)
    expected = [(values[whose == one].T * shared[whose == one]).sum(axis=1) for one in range(10)]
    assert sorted(tallies.owners.tolist()) == sorted(set(whose.tolist()))
    at = tallies.table[leaves, : len(tallies.owners)].sum(axis=0)
    assert at.tolist() == [expected[one].tolist() for one in tallies.owners]
    assert [tallies.of(leaves, one) for one in range(10)] == [tuple(one) for one in expected]


def test_sums_are_of_the_answers_that_share_leaves() -> None:
    tallies = Tallies(LEAVES, ENDS, OWNERS, VALUES)
    leaves = ENDS[7]
    shared = (ENDS[7] == ENDS).sum(axis=1)
    for seat, owner in enumerate(tallies.owners):
        told = (VALUES.T * shared)[:, owner == OWNERS].sum(axis=1)
        assert tallies.table[leaves, seat].sum(axis=0) == pytest.approx(told)
        assert list(tallies.of(leaves, owner)) == tallies.table[leaves, seat].sum(axis=0).tolist()


def test_order_does_not_matter_not_even_to_the_last_bit() -> None:
    at_once = Tallies(LEAVES, ENDS, OWNERS, VALUES)
    later = one_by_one(CHANCE.permutation(ANSWERS).tolist())
    for ends in ENDS:
        for owner in at_once.owners:
            assert later.of(ends, owner) == at_once.of(ends, owner)


def test_an_answer_that_went_leaves_nothing() -> None:
    tallies = one_by_one(list(range(ANSWERS)))
    for answer in range(1, ANSWERS):
        tallies.add(ENDS[answer], int(OWNERS[answer]), parts(answer, -1.0))
    assert tallies.of(ENDS[0], int(OWNERS[0])) == parts(0, TREES)


def test_nothing_is_known_of_an_action_without_answers() -> None:
    tallies = Tallies(LEAVES, ENDS, OWNERS, VALUES)
    assert tallies.of(ENDS[0], 99) == (0.0,) * PARTS


def test_there_are_seats_for_newcomers_while_the_table_has_room() -> None:
    leaves = most_leaves(5)
    tallies = Tallies(leaves, ENDS, OWNERS, VALUES)
    newcomers = range(100, 110)
    for owner in newcomers:
        if tallies.fits(owner):
            tallies.add(ENDS[0], owner, parts(0))
    assert tallies.owners.tolist() == [0, 1, 2, 3, 4, 100, 101, 102]
    assert not tallies.fits(103)
    assert tallies.fits(102)
    assert leaves * len(tallies.owners) == CELLS


def test_a_table_made_at_once_is_as_large_as_one_that_filled_up() -> None:
    """So that a learner restored has as much room for newcomers as it had."""
    filled = Tallies(LEAVES, ENDS, OWNERS, VALUES)
    for owner in (5, 6, 7):
        filled.add(ENDS[0], owner, parts(0))
    owners = np.append(OWNERS, [5, 6, 7])
    more, ends = np.vstack([VALUES, VALUES[:3]]), np.vstack([ENDS, ENDS[:3]])
    again = Tallies(LEAVES, ends, owners, more)
    assert again.table.shape == filled.table.shape == (LEAVES, 8, PARTS)


def test_a_catalogue_of_thousands_of_newcomers_takes_no_more_memory() -> None:
    learned, chance = hindsight.Hindsight(2), np.random.default_rng(4)
    for number in range(3_000):
        x = chance.random(2)
        learned.take(x, number % 3 if number < 400 else number, 0.0, -0.1, -0.1)
    known = learned._known
    assert known is not None
    assert known.wood.ends * len(known.tallies.owners) <= CELLS
    assert learned.about(np.array([0.5, 0.5]), *np.full((2, 3_000), 0.1)).min() < -0.01
