"""Facts about what is known in hindsight, by trees over the latest answers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.models.online.hindsight import Hindsight
from engine.models.online.ways import said as said_of
from engine.models.online.ways import trust
from engine.models.online.wood import TREES, rebuilt
from tests.models.online.chessboard import ANSWERS, board, off, said, taught


def about_by_the_book(
    hindsight: Hindsight, x: NDArray[np.float64], rest: NDArray[np.float64], alone: float
) -> dict[int, float]:
    """What actions that have answers are told, by looking at every answer that is kept."""
    held = hindsight.hindsights(tuple(map(str, range(len(rest)))))
    wood = rebuilt(held.felled, len(x))
    assert wood is not None
    ends = np.frombuffer(held.ends, "<u2").reshape(-1, TREES)
    shared = (ends == wood.leaves(x.astype(np.float32))).sum(axis=1).astype(np.float64)
    owners = np.frombuffer(held.owners, "<i4")
    off = held.honest, held.missed, held.alone, held.rewards
    told = {}
    for owner in set(owners.tolist()):
        mine = shared * (owners == owner)
        honest, missed, lone, rewards = (float(mine.dot(np.frombuffer(o, "<f4"))) for o in off)
        sums = float(mine.sum()), honest, missed, lone, rewards
        ways = said_of(sums, float(rest[owner]), alone)
        told[owner] = float(np.dot(trust(held.losses)[1], ways))
    return told


@pytest.mark.parametrize("room", [40, 150, 4096])
def test_what_is_told_is_what_a_look_at_every_answer_tells(room: int) -> None:
    """While answers are dropped into leaves, others go, and actions come that had none."""
    hindsight, looked = Hindsight(2, room), 0
    for number in range(600):
        chance = np.random.default_rng(number)
        x, owner = chance.random(2), number // 120 + int(chance.integers(3))
        rest = np.linspace(0.1, 0.9, 8)
        told = hindsight.about(x, rest, np.full(8, 0.3))
        if told.any():
            looked += 1
            expected = about_by_the_book(hindsight, x, rest, 0.3)
            assert told[list(expected)] == pytest.approx(list(expected.values()), abs=1e-9)
            assert not told[number // 120 + 3 :].any()
        reward = board(x)
        hindsight.take(x, owner, reward, reward - float(rest[owner]), reward - 0.3)
    assert looked > 100


def test_a_row_of_other_columns_is_refused() -> None:
    hindsight = taught(range(ANSWERS))
    with pytest.raises(ValueError, match="3 columns, where 2 belong"):
        said(hindsight, np.zeros(3), 2)


def test_what_changes_at_once_is_learned() -> None:
    assert off(taught(range(20))) == pytest.approx(0.5)
    assert off(taught(range(4 * ANSWERS))) < 0.25


def test_where_few_answers_are_a_yes_trees_still_find_where() -> None:
    """A part of a node's answers, by which its cuts are judged, would hold none of them."""
    hindsight, chance = Hindsight(6), np.random.default_rng(8)
    for row in chance.random((4200, 6)):
        reward = float(chance.random() < (0.4 if row[3] > 0.95 else 0.002))
        hindsight.take(row, 0, reward, reward - 0.02, reward - 0.02)
    rows = np.random.default_rng(9).random((1000, 6))
    told = np.array([said(hindsight, row, 1, 0.02)[0] for row in rows])
    assert told[rows[:, 3] > 0.95].mean() > 0.1
    assert np.abs(told[rows[:, 3] < 0.9]).mean() < 0.03


def test_nothing_is_said_of_an_action_without_answers() -> None:
    assert said(taught(range(ANSWERS)), np.array([0.1, 0.1]), 3)[2] == 0.0


def test_answers_of_no_such_row_are_left_out() -> None:
    hindsight = taught(range(ANSWERS))
    x = np.array([0.6, 0.1])
    assert said(hindsight, x, 1).tolist() == [said(hindsight, x.copy(), 2)[0]]


def test_where_trees_do_no_better_they_are_silent() -> None:
    hindsight, chance = Hindsight(2), np.random.default_rng(2)
    told = []
    for _ in range(2000):
        x = chance.random(2)
        told.append(abs(float(said(hindsight, x, 1)[0])))
        reward = float(chance.random() < 0.5)
        hindsight.take(x, 0, reward, reward - 0.5, reward - 0.5)
    assert np.mean(told[-300:]) < 0.02


def test_only_the_latest_answers_count() -> None:
    hindsight = taught(range(300), room=100)
    for number in range(300, 500):
        hindsight.take(np.random.default_rng(number).random(2), 0, 0.0, 0.0, 0.0)
    assert np.abs(said(hindsight, np.array([0.3, 0.1]), 2, 0.0)).max() < 1e-3


def test_a_moment_is_looked_up_anew_once_more_is_known() -> None:
    hindsight, x = taught(range(ANSWERS)), np.array([0.3, 0.1])
    before = said(hindsight, x, 2)[0]
    for _ in range(5):
        hindsight.take(x, 0, 0.0, -0.5, -0.5)
    assert said(hindsight, x, 2)[0] < before - 0.1


def test_what_turns_out_to_be_worth_more_counts_so() -> None:
    late = Hindsight(2)
    for number in range(ANSWERS):
        x = np.random.default_rng(number).random(2)
        late.take(x, number % 2, 0.0, -0.5, -0.5)
        late.amend(x, number % 2, 0.0, board(x) * (number % 2 == 0), 0.0)
    at_once = taught(range(ANSWERS)).learned(("one", "other"))
    assert late.learned(("one", "other")).hindsights.rewards == at_once.hindsights.rewards
    assert late.learned(("one", "other")).hindsights.honest == at_once.hindsights.honest


def test_two_answers_of_one_moment_that_came_late_are_two() -> None:
    late, x = Hindsight(2), np.array([0.3, 0.1])
    for _ in range(5):
        late.take(x, 0, 0.0, 0.0, 0.0)
    for _ in range(2):
        late.amend(x.copy(), 0, 0.0, 1.0, 0.0)
    kept = late.hindsights(("a",)).rewards
    assert np.frombuffer(kept, "<f4").tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]


def test_an_answer_that_comes_in_parts_is_added_to_the_same_one() -> None:
    late, x = Hindsight(2), np.array([0.3, 0.1])
    for reward in (0.0, 0.5, 0.0):
        late.take(x, 0, reward, 0.0, 0.0)
    late.amend(x.copy(), 0, 0.5, 0.5, 0.0)
    kept = late.hindsights(("a",)).rewards
    assert np.frombuffer(kept, "<f4").tolist() == [0.0, 1.0, 0.0]
