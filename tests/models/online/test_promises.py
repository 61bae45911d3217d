"""Facts about promises that are kept for answers which come to more later."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ModelRefused
from engine.models.online.learner import Learner
from engine.models.online.promises import Promise, Promises
from tests.models.online.pupils import SCALE, taught

HERE, THERE = np.array([1.0, 0.0]), np.array([0.0, 1.0])


def told(own: float, reward: float = 0.0, first: bool = False) -> Promise:
    return Promise(reward, own, 0.25, first)


def test_a_promise_is_found_by_its_action_and_moment() -> None:
    promises = Promises()
    promises.keep("isa", HERE, told(0.5, first=True))
    promises.keep("loan", HERE, told(0.125))
    promises.keep("isa", THERE, told(0.75))
    assert promises.amend("isa", HERE.copy(), 0.0, 1.0) == told(0.5, first=True)
    assert promises.amend("loan", THERE, 0.0, 1.0) is None


def test_two_answers_of_one_moment_that_came_late_are_two() -> None:
    promises = Promises()
    for own in (0.5, 0.25):
        promises.keep("isa", HERE, told(own))
    for own in (0.5, 0.25):
        assert promises.amend("isa", HERE, 0.0, 0.5) == told(own)


def test_an_answer_that_comes_in_parts_is_the_same_one() -> None:
    promises = Promises()
    for own, reward in ((0.5, 0.0), (0.25, 0.5), (0.75, 0.0)):
        promises.keep("isa", HERE, told(own, reward))
    assert promises.amend("isa", HERE, 0.5, 0.25) == told(0.25, reward=0.5)
    assert promises.amend("isa", HERE, 0.75, 0.25) == told(0.25, reward=0.75)


def test_the_oldest_go_first() -> None:
    promises = Promises(room=2)
    for number in range(3):
        promises.keep("isa", np.array([float(number)]), told(0.5))
    assert promises.amend("isa", np.array([0.0]), 0.0, 1.0) is None
    assert promises.amend("isa", np.array([1.0]), 0.0, 1.0) == told(0.5)


def test_what_was_kept_is_gone_on_from() -> None:
    first, again = Promises(room=4), Promises(room=4)
    for number in range(6):
        first.keep("isa", HERE, told(number / 8))
    again.resume(first.kept())
    for promises in (first, again):
        promises.keep("isa", THERE, told(0.875))
        assert [promises.amend("isa", HERE, 0.0, 1.0) for _ in range(2)] == [told(0.375), told(0.5)]
    assert again.kept() == first.kept()


def test_two_share_the_room() -> None:
    one, other = Promises(room=4), Promises(room=4)
    for number in range(4):
        one.keep("isa", np.array([float(number)]), told(0.5))
        other.keep("loan", np.array([float(number)]), told(0.25))
    one.join(other)
    found = [
        one.amend(of, np.array([float(at)]), 0.0, 1.0) for of in ("isa", "loan") for at in range(4)
    ]
    assert found == [None, None, told(0.5), told(0.5), None, None, told(0.25), told(0.25)]


@pytest.mark.parametrize("bad", [b"\0", bytes(25 * 16385), b"\xff" * 25])
def test_what_cannot_be_kept_is_refused(bad: bytes) -> None:
    with pytest.raises(ModelRefused, match="promises"):
        Promises().resume(bad)


def test_a_late_answer_is_held_against_what_was_promised_when_it_was_offered() -> None:
    learner, x = taught(range(50), SCALE), np.array([0.2, 0.0, 1.0, 0.0, 0.0])
    phi, news = learner.expand(x), 2
    own, shared = (
        one(x, phi)[0][news] for one in (learner.belief.apart, learner.belief.shared.about)
    )
    learner.learn(x, "news", 0.0)
    for _ in range(30):  # since then much has come, and it is promised for certain
        learner.learn(x, "news", 1.0)
    learner = Learner.restore(learner.state())
    before = learner.belief.balance.moments
    learner.more(x, "news", 0.0, 1.0)
    counted = np.subtract(learner.belief.balance.moments, before)
    assert counted[[4, 6]] == pytest.approx([own, shared], abs=1e-6)
    assert learner.belief.apart(x, phi)[0][news] > own + 0.5
