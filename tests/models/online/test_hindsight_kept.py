"""What is known in hindsight, kept and restored, joined with another's, and served."""

from __future__ import annotations

import tracemalloc

import msgspec
import numpy as np
import pytest

from engine.errors import ModelRefused
from engine.models.online import tallies
from engine.models.online.hindsight import LATEST, Hindsight
from engine.models.online.hindsights import Hindsights
from engine.models.online.wood import TREES, Felled
from tests.models.online.chessboard import ANSWERS, board, off, said, taught


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
