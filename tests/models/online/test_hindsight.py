"""Facts about what is known in hindsight, by trees over the latest answers."""

from __future__ import annotations

import tracemalloc

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import ModelRefused
from engine.models.online import tallies
from engine.models.online.hindsight import LATEST, Hindsight
from engine.models.online.hindsights import Hindsights
from engine.models.online.ways import said as said_of
from engine.models.online.ways import trust
from engine.models.online.wood import TREES, Felled, rebuilt

ANSWERS = 600


def board(x: NDArray[np.float64]) -> float:
    """A chessboard of sixteen fields, which nothing smooth learns soon."""
    return float((int(4 * x[0]) + int(4 * x[1])) % 2)


def taught(answers: range, room: int = 4096, worth: float = 1.0) -> Hindsight:
    """Row 0's answers are the board's, row 1's always nothing; the rest knows half of either."""
    hindsight = Hindsight(2, room)
    for number in answers:
        chance = np.random.default_rng(number)
        x, owner = chance.random(2), number % 2
        reward = worth * board(x) * (owner == 0)
        hindsight.take(x, owner, reward, reward - 0.5, reward - 0.5)
    return hindsight


def said(
    hindsight: Hindsight, x: NDArray[np.float64], actions: int, rest: float = 0.5
) -> NDArray[np.float64]:
    """What is added to means the rest has of every action, by its weights alone."""
    means = np.full(actions, rest)
    return hindsight.about(x, means, means)


def off(hindsight: Hindsight, worth: float = 1.0) -> float:
    """How far from the truth it leaves the mean of row 0, on average."""
    rows = np.random.default_rng(10**6).random((300, 2))
    left = [float(said(hindsight, x, 2)[0]) + 0.5 - worth * board(x) for x in rows]
    return float(np.abs(left).mean())


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


def test_a_late_answer_is_added_to_the_same_one_after_a_restart() -> None:
    first, again, x = taught(range(150), room=100), Hindsight(2, 100), np.array([0.3, 0.1])
    for number in range(60):
        other = np.random.default_rng(number).random(2)
        first.take(x if number in (7, 55) else other, 0, 0.0, 0.0, 0.0)
    again.resume(first.learned(("a", "b")), {"a": 0, "b": 1})
    for each in (first, again):
        each.amend(x.copy(), 0, 0.0, 1.0, 0.0)
    assert again.learned(("a", "b")) == first.learned(("a", "b"))


def test_two_share_the_room_and_say_what_both_have_learned() -> None:
    one, other = taught(range(ANSWERS)), taught(range(ANSWERS, 4 * ANSWERS))
    one.join(other, np.array([0, 1]))
    assert off(one) < 0.25
    full, more = taught(range(80), room=100), taught(range(80, 160), room=100)
    full.join(more, np.array([1, 0]))
    held = full.learned(("one", "other"))
    rewards = [
        taught(part).learned(()).hindsights.rewards for part in (range(30, 80), range(110, 160))
    ]
    assert len(held.hindsights.owners) == 4 * 100
    assert held.hindsights.rewards == b"".join(rewards)


def test_one_restored_goes_on_as_the_first_would() -> None:
    first, again = taught(range(ANSWERS)), Hindsight(2)
    again.resume(first.learned(("a", "b")), {"a": 0, "b": 1})
    for each in (first, again):
        for number in range(ANSWERS, 3 * ANSWERS):
            x = np.random.default_rng(number).random(2)
            each.take(x, 0, board(x), board(x) - 0.5, board(x) - 0.5)
    assert again.learned(("a", "b")) == first.learned(("a", "b"))


def test_one_restored_has_room_for_as_many_actions_as_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Actions come and go, and who went leaves no seat behind that only the first would keep."""
    monkeypatch.setattr(tallies, "CELLS", 2**11)
    names = tuple(map(str, range(40)))
    rows = {name: row for row, name in enumerate(names)}
    first, again = campaigns(Hindsight(2, 150), range(553)), Hindsight(2, 150)
    again.resume(first.learned(names), rows)
    for each in (first, again):
        campaigns(each, range(553, 1000))
    assert again.learned(names) == first.learned(names)


def campaigns(hindsight: Hindsight, answers: range) -> Hindsight:
    """Told of five actions at a time, each for some three hundred answers."""
    for number in answers:
        chance = np.random.default_rng(number)
        x, owner = chance.random(2), number // 60 + int(chance.integers(5))
        reward = float(chance.random() < 0.5)
        hindsight.take(x, owner, reward, reward - 0.5, reward - 0.5)
    return hindsight


def test_what_serves_says_what_the_learner_would() -> None:
    first, served = taught(range(ANSWERS)), Hindsight(2)
    served.restore(first.hindsights(("a", "b")), {"b": 0, "a": 1}, 2)
    for x in np.random.default_rng(5).random((20, 2)):
        assert said(served, x, 2).tolist() == pytest.approx(said(first, x, 2)[::-1], abs=1e-6)


def test_what_serves_keeps_no_room_for_columns_that_only_a_learner_reads() -> None:
    columns = 500
    learner = Hindsight(columns)
    for row in np.random.default_rng(6).random((64, columns)):
        learner.take(row, 0, 0.0, 0.0, 0.0)
    kept = learner.hindsights(("a",))
    tracemalloc.start()
    served = Hindsight(columns)
    served.restore(kept, {"a": 0}, 1)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < LATEST * columns  # a quarter of the room


GOOD = taught(range(ANSWERS)).hindsights(("a", "b"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"owners": GOOD.owners[:-1]}, "bytes of at most"),
        ({"owners": b"\0" * 4 * (LATEST + 1)}, "bytes of at most"),
        ({"names": ("a",)}, "no action"),
        ({"ends": GOOD.ends[:-2]}, "bytes of leaves"),
        ({"ends": b"\xff" * len(GOOD.ends)}, "a leaf that no tree has"),
        ({"losses": (0.0, float("nan"), 0.0, 0.0, 0.0)}, "losses"),
        ({"losses": (0.0, 0.0, -1e300, 0.0, 0.0)}, "losses"),
        ({"losses": (1e308,) * 5}, "losses"),
        ({"honest": GOOD.honest[:-4]}, "bytes where"),
        ({"rewards": b"\0"}, "bytes where"),
        ({"missed": b"\xff" * len(GOOD.missed)}, "not finite"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ModelRefused, match=why):
        Hindsight(2).restore(msgspec.structs.replace(GOOD, **changes), {}, 0)
    Hindsight(2).restore(GOOD, {}, 0)
    Hindsight(2).restore(Hindsights(), {}, 0)


def test_leaves_of_more_actions_than_the_table_has_room_for_are_refused() -> None:
    """They would take gigabytes, and only once they are bound to so many actions."""
    count, inner = 4096, 4096
    columns = np.full(TREES + 2 * inner, -1, "<i2")
    columns[:inner] = 0
    names = tuple(map(str, range(count)))
    zeros = bytes(4 * count)
    spoilt = Hindsights(
        names,
        Felled(columns.tobytes(), bytes(4 * len(columns))),
        bytes(2 * TREES * count),
        *[zeros] * 4,
        np.arange(count, dtype="<i4").tobytes(),
    )
    with pytest.raises(ModelRefused, match="4,112 leaves, of 4,096 actions"):
        Hindsight(2).restore(spoilt, {}, 0)


def test_answers_without_their_rows_cannot_be_gone_on_from() -> None:
    learned = taught(range(ANSWERS)).learned(("a", "b"))
    with pytest.raises(ModelRefused):
        Hindsight(2).resume(msgspec.structs.replace(learned, rows=b""), {"a": 0, "b": 1})


def test_what_came_true_is_known_to_who_goes_on_and_answers_that_went_count_no_more() -> None:
    hindsight = taught(range(ANSWERS), room=256)
    restored = Hindsight(2, 256)
    restored.resume(hindsight.learned(("a", "b")), {"a": 0, "b": 1})
    expected = np.array([0.9, 0.4])
    assert hindsight.temper.slope < 1.0
    assert restored.temper.means(expected).tolist() == hindsight.temper.means(expected).tolist()
