"""How long an offer is waited for before it counts as unanswered, also over restarts."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import redis

from engine.patience import LATEST
from engine.services.deciding.changes import DAY
from engine.services.learning import reading
from engine.services.learning.reading import READER
from engine.store import Store
from engine.store.keys import readers_key
from tests.http.test_learning import CATALOGUE
from tests.services.learning.school import SECOND, School, all_in, clock

HOUR = 3600 * SECOND


def test_an_offer_waits_for_its_answer_as_long_as_was_said(school: School) -> None:
    patient = school.learner(delay=3600 * 1000)
    school.offer(4)
    patient.turn()
    patient._current().keep()
    assert school.seen() == {"apples": 2.0}  # the answered ones
    assert school.learner(delay=1).catch_up()
    all_in(school, 4)


def test_offers_wait_as_long_as_answers_take_and_are_found_again_after_a_restart(
    school: School,
) -> None:
    waiting, at = school.learner(delay=None), clock()
    waiting._current()._course.progress.delays = [HOUR] * LATEST
    offered = school.offer(8)
    waiting.turn()
    waiting._current().keep()
    assert school.seen() == {"apples": 4.0}  # the answered ones
    school.application.privacy.erase("c-3")  # who had turned down two, as far as is known
    assert school.learner(delay=None).catch_up()
    assert school.seen() == {"apples": 4.0}
    assert school.learner(delay=None, now=lambda: at() + 2 * HOUR).catch_up()
    assert school.seen() == {"apples": 7.0, "berries": 7.0}
    school.say(offered[2], "apples", "accept")
    assert school.learner(delay=None, now=lambda: at() + 2 * HOUR).catch_up()
    progress = school.kept()[0].progress
    assert (progress.answers, progress.rewards[offered[2]]) == (14, {"apples": 1.0})


def test_offers_that_wait_for_a_month_are_counted_before_what_was_said_of_them_is_let_go(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "catalogue").mkdir()
    text = CATALOGUE.replace("strategy:\n", "strategy:\n  attribution: 30d\n")
    (tmp_path / "catalogue" / "catalogue.yaml").write_text(text)
    school, at = School(store, tmp_path, tmp_path / "data"), clock()()
    learner = school.learner(delay=30 * DAY)
    school.offer(4)
    for now in (at, at + 30 * DAY - 2 * HOUR, at + 30 * DAY, at + 31 * DAY):
        learner._clock = itertools.repeat(now).__next__
        learner.turn()
    learner._current().keep()
    assert school.kept()[0].progress.answers == 8


def test_a_learner_that_was_away_for_long_counts_no_answered_offer_again(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, at = school.learner(delay=DAY), clock()
    offered = school.offer(40)
    waiting.turn()
    waiting._current().keep()
    assert school.seen() == {"apples": 20.0}  # the answered ones
    monkeypatch.setattr(reading, "_COUNT", 1)  # a turn is not enough
    assert school.learner(delay=DAY, now=lambda: at() + 20 * DAY).catch_up()
    assert school.kept()[0].progress.answers == 2 * len(offered)


def test_what_waits_is_not_behind_the_learner(school: School, server_url: str) -> None:
    """Or it might be trimmed before it was learned of."""
    waiting = school.learner(delay=None)
    waiting._current()._course.progress.delays = [0] * (LATEST - 64) + [HOUR] * 64
    school.offer(40)
    waiting.turn()
    waiting._current().keep()
    progress = school.kept()[0].progress
    assert progress.counted[0]
    assert not progress.counted[-1]
    with redis.Redis.from_url(server_url) as client:
        for partition in progress.counted[0]:
            assert client.hget(readers_key(partition), READER) == b"0-0"
