"""What an offer and its answers come to in a learner: once, whatever came in which order."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.models.encoder import Encoder
from engine.models.online.expansion import SETTLED, Scale
from engine.models.online.learner import Learner
from engine.patience import SHARES
from engine.progress import Progress, order
from engine.teaching.course import Course, due
from tests.services.learning.teaching import (
    ACTIONS,
    FEATURES,
    Log,
    count,
    course,
    expected,
    hear,
    seen,
)


def weights_of(of: Course, action: str) -> NDArray[np.float32]:
    return np.frombuffer(of.learner.snapshot().arms[action].weights, "<f4")


def test_an_answered_offer_counts_at_once_and_the_rest_of_its_decision_later() -> None:
    log, ours = Log(), course()
    decision = log.decide("ana", "apples", "berries")
    log.answer("ana", decision, "apples", "accept", 1.0)
    hear(ours, log)
    assert seen(ours) == {"apples": 1.0}
    count(ours, log.entries)
    assert seen(ours) == {"apples": 1.0, "berries": 1.0}
    assert ours.progress.answers == 2


def test_a_no_is_an_answer_and_being_seen_is_none() -> None:
    log, ours = Log(), course()
    decision = log.decide("ana", "apples", "berries")
    log.answer("ana", decision, "apples", "impression", 0.0)
    log.answer("ana", decision, "berries", "reject", 0.0)
    hear(ours, log)
    assert seen(ours) == {"berries": 1.0}


def test_several_answers_to_one_offer_add_up_to_one_at_most() -> None:
    log, ours = Log(), course()
    decision = log.decide("ana", "apples")
    for type, reward in (("click", 0.2), ("accept", 0.5), ("convert", 1.0), ("click", 0.2)):
        log.answer("ana", decision, "apples", type, reward)
    hear(ours, log)
    assert seen(ours) == {"apples": 1.0}
    assert ours.progress.rewards[decision] == {"apples": 1.0}
    at_once = course()
    again = Log()
    other = again.decide("ana", "apples")
    again.answer("ana", other, "apples", "convert", 1.0)
    hear(at_once, again)
    assert expected(ours, log, decision) == pytest.approx(expected(at_once, again, other), abs=0.02)


def test_an_answer_after_the_delay_ends_up_as_if_it_had_come_before() -> None:
    log, late, early = Log(), course(), course()
    decision = log.decide("ana", "apples")
    count(late, log.entries)
    assert expected(late, log, decision)["apples"] < 0.05
    log.answer("ana", decision, "apples", "accept", 1.0)
    for one in (late, early):
        hear(one, log)
    count(early, log.entries)
    assert seen(late) == seen(early) == {"apples": 1.0}
    assert expected(late, log, decision) == pytest.approx(expected(early, log, decision), abs=0.02)


@pytest.mark.parametrize("type", ["bounced", "not_sent"])
def test_what_reached_nobody_does_not_count(type: str) -> None:
    log, ours = Log(), course()
    decision = log.decide("ana", "apples", "berries")
    log.answer("ana", decision, "apples", type, None)
    hear(ours, log)
    count(ours, log.entries)
    assert seen(ours) == {"berries": 1.0}


def test_decisions_nobody_saw_or_may_learn_from_do_not_count() -> None:
    log, ours = Log(), course()
    log.void("ana", log.decide("ana", "apples"))
    log.decide("rui", "apples", refused=True)
    log.decide("eva", "apples", mode="preview")
    log.decide("eva", "apples", repeat="another")
    log.decide("eva")
    log.answer("rui", log.decide("rui", "apples", refused=True), "apples", "accept", 1.0)
    log.decide("eva", "an action that left the catalogue")
    hear(ours, log)
    count(ours, log.entries)
    assert seen(ours) == {}


def test_an_answer_to_an_erased_customers_decision_teaches_nothing() -> None:
    log, ours = Log(), course()
    decision = log.decide("ana", "apples")
    log.answer("ana", decision, "apples", "accept", 1.0)
    ours.hear(log.entries, {})
    assert seen(ours) == {}


def test_entries_nobody_can_read_are_passed_by() -> None:
    log, ours = Log(), course()
    log.decide("ana", "apples")
    log.entries = [one._replace(data=b"?") for one in log.entries]
    ours.hear(log.entries, {})
    count(ours, log.entries)
    assert list(ours.progress.heard.values()) == [log.entries[-1].id]
    assert ours.progress.counted == [ours.progress.heard] * SHARES


def test_of_old_decisions_nothing_is_remembered() -> None:
    log, ours = Log(), course()
    decision = log.decide("ana", "apples")
    log.answer("ana", decision, "apples", "accept", 1.0)
    hear(ours, log)
    made = int(decision[:12], 16)
    ours.let_go(made)
    assert ours.progress.rewards
    ours.let_go(made + 1)
    assert not ours.progress.rewards


MOVES = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(list(ACTIONS)),
        st.sampled_from([("click", 0.2), ("accept", 1.0), ("reject", 0.0), ("impression", 0.0)]),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(MOVES, st.integers(0, 12), st.lists(st.integers(0, 6), min_size=SHARES, max_size=SHARES))
def test_whatever_is_heard_and_counted_when_each_offer_counts_once(
    moves: list[tuple[int, str, tuple[str, float]]], heard: int, counted: list[int]
) -> None:
    log = Log()
    decisions = [log.decide(f"c-{n}", *ACTIONS) for n in range(6)]
    offers = list(log.entries)
    for n, action, (type, reward) in moves:
        log.answer(f"c-{n}", decisions[n], action, type, reward)
    answers = log.entries[len(offers) :]
    ours = course()
    hear(ours, log, answers[:heard])
    for share, some in enumerate(counted):
        ours.count(offers[:some], [share])
    ours.progress = msgspec.msgpack.decode(msgspec.msgpack.encode(ours.progress), type=Progress)
    hear(ours, log, answers[heard:])
    for share, some in enumerate(counted):
        ours.count(offers[some:], [share])
    assert seen(ours) == dict.fromkeys(ACTIONS, 6.0)
    total = {
        (decisions[n], action): min(
            sum(reward for m, a, (_, reward) in moves if (m, a) == (n, action)), 1.0
        )
        for n, action, _ in moves
    }
    held = {
        (decision, action): reward
        for decision, said in ours.progress.rewards.items()
        for action, reward in said.items()
    }
    assert {key: held.get(key, 0.0) for key in total} == pytest.approx(total)


def test_how_long_a_yes_took_is_remembered_and_of_a_no_it_is_not() -> None:
    log, ours = Log(), course()
    first, second = log.decide("ana", "apples"), log.decide("rui", "berries")
    log.answer("ana", first, "apples", "accept", 1.0)
    log.answer("rui", second, "berries", "reject", 0.0)
    log.answer("rui", second, "berries", "bounced", None)
    log.answer("ana", first, "apples", "impression", 0.0)
    hear(ours, log)
    at = {one.id: order(one.id)[0] for one in log.entries}
    assert ours.progress.delays == [at[log.entries[2].id] - at[log.entries[0].id]]


def test_a_yes_counts_at_once_however_long_others_are_waited_for() -> None:
    log, ours = Log(), course()
    ours.progress.delays = [3_600_000] * 256
    log.answer("ana", log.decide("ana", "apples"), "apples", "accept", 1.0)
    hear(ours, log)
    assert seen(ours) == {"apples": 1.0}
    assert ours.patience(None, 86_400_000) == (3_600_000,) * SHARES
    assert ours.patience(60_000, 86_400_000) == (60_000,) * SHARES
    assert ours.patience(None, 1_000) == ours.patience(60_000, 1_000) == (1_000,) * SHARES


def test_a_checkpoint_of_other_shares_is_refused() -> None:
    held = msgspec.msgpack.encode({"counted": [{}] * (SHARES - 1)})
    with pytest.raises(msgspec.ValidationError, match="of 3 shares where 4 belong"):
        msgspec.msgpack.decode(held, type=Progress)


def test_what_the_slowest_share_has_not_counted_is_not_behind_all() -> None:
    log, ours = Log(), course()
    for _ in range(3):
        log.decide("ana", "apples")
    first, second, third = log.entries
    for share in range(SHARES):
        ours.count([first, second, third][: 3 if share else 2], [share])
    assert ours.progress.slowest() == {first.partition: second.id}
    ours.progress.counted[-1][first.partition] = first.id
    assert ours.progress.slowest() == {first.partition: first.id}


def test_partitions_learned_apart_and_merged_are_as_if_learned_together() -> None:
    """To 0.001 in every weight, and 0.03 in every propensity, for what is recalled of the latest
    answers, and what actions share, hang on their order."""
    log = Log()
    for n in range(300):
        plan = ("basic", "plus", "fibre")[n % 3]
        decision = log.decide(f"c-{n}", *ACTIONS, plan=plan)
        liked = list(ACTIONS)[n % 3]
        log.answer(f"c-{n}", decision, liked, "accept", 1.0)
    columns = len(Encoder(FEATURES).columns)
    scale = Scale(SETTLED, (0.3,) * columns, (SETTLED * 0.25,) * columns)
    together, left, right = (course(Learner(FEATURES, scale)) for _ in range(3))
    for one, partitions in (
        (together, range(256)),
        (left, range(128)),
        (right, range(128, 256)),
    ):
        some = log.of(partitions)
        hear(one, log, some)
        count(one, some)
    assert left.progress.answers + right.progress.answers == together.progress.answers == 900
    left.learner.merge(right.learner)
    assert seen(left) == seen(together)
    for action in ACTIONS:
        weights = [weights_of(one, action) for one in (left, together)]
        np.testing.assert_allclose(*weights, atol=0.001)
    for decision in list(log.decisions())[:3]:
        apart, whole = (expected(one, log, decision) for one in (left, together))
        assert apart == pytest.approx(whole, abs=0.03)
        assert max(whole.values()) > 0.5


def test_a_snapshot_is_due_when_a_hundredth_more_is_known_or_long_ago() -> None:
    assert due(1, 100.0, 0, 300)
    assert not due(1, 101.0, 299, 300)
    assert due(1, 101.0, 300, 300)
    assert not due(0, 0.0, 10_000, 300)
