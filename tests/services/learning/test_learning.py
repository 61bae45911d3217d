"""Learning from the logs: each offer once, whoever is killed when and however many learn.

`TELLER_EXAMPLES` of 1,000 or more: fifty kills instead of two, `make proofs` does.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner

from engine.bootstrap import open_application
from engine.cli import main
from engine.errors import Overtaken
from engine.partitions import PARTITIONS
from engine.progress import Progress
from engine.registry import Registry
from engine.services.deciding.changes import DAY
from engine.services.learning.reading import READER
from engine.settings import LearningSettings, Settings
from engine.situation import PROPENSITY
from engine.store import Store
from engine.store.keys import readers_key
from engine.teaching.priors import NOTHING_YET
from tests.services.learning.school import School, all_in, clock

KILLS = 50 if int(os.environ.get("TELLER_EXAMPLES", "0")) >= 1_000 else 2


@contextmanager
def learning(url: str, home: Path) -> Iterator[None]:
    """A learning process, killed by the signal nobody can catch."""
    command = [sys.executable, "-m", "tests.services.learning.school", url, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"learning\n"
        try:
            yield
        finally:
            process.send_signal(signal.SIGKILL)


def test_under_random_kills_each_offer_and_each_answer_counts_once(
    school: School, server_url: str, tmp_path: Path
) -> None:
    chance = random.Random(20261122)
    offers = 0
    for _ in range(KILLS):
        with learning(server_url, tmp_path):
            offers += len(school.offer(chance.randrange(1, 40)))
    offers += len(school.offer(3))
    assert school.learner().catch_up()
    all_in(school, offers)
    apart = School(school.store, tmp_path, tmp_path / "apart")
    assert apart.learner().catch_up()  # all of the logs at once, by one that nobody killed
    all_in(apart, offers)


def test_of_two_that_learn_at_once_one_commits_and_the_other_starts_again(school: School) -> None:
    school.offer(8)
    first, second = school.learner(), school.learner()
    first.turn()
    second.turn()
    school.offer(8)
    first.turn()
    first._current().keep()
    with pytest.raises(Overtaken):
        second._current().keep()
    second._study = None
    for learner in (second, first):
        learner._unharmed(learner.catch_up)
    assert second.catch_up()
    all_in(school, 16)


def test_without_the_numbers_the_same_answers_would_count_twice(school: School) -> None:
    """The planted bug: what was learned is kept, and how far the logs were read is not."""
    school.offer(4)
    forgetful = school.learner()
    forgetful.turn()
    course = forgetful._current()._course
    course.progress.heard, course.progress.rewards = {}, {}
    course.progress.counted = Progress().counted
    forgetful._current().keep()
    assert school.learner().catch_up()
    assert school.seen() != {"apples": 4.0, "berries": 4.0}


def test_one_learns_while_the_other_waits_for_the_lease(school: School, store: Store) -> None:
    first, second = (school.learner(hold=store.log.hold) for _ in range(2))
    school.offer(2)
    first.turn()
    assert not second.turn()
    assert second._study is None
    first._end()
    assert second.catch_up()
    all_in(school, 2)


def test_the_lease_is_renewed_however_many_entries_there_are_in_a_turn(school: School) -> None:
    """It lasts for some seconds, and by this clock some have gone at every look."""
    offers, held = 40, 0

    def hold(*_: object) -> bool:
        nonlocal held
        held += 1
        return True

    school.offer(offers)
    school.learner(hold=hold).turn()
    assert held > 2 * offers  # heard, and counted


def test_one_whose_lease_went_to_another_within_a_turn_leaves_the_rest_to_it(
    school: School, store: Store
) -> None:
    school.offer(NOTHING_YET.facts)
    turns = iter([True] * 5)
    slow = school.learner(hold=lambda *_: next(turns, False))
    assert not slow._unharmed(slow.turn)
    slow._unharmed(slow._end)
    assert slow._study is None
    assert not Registry(school.home / "data", store).versions(PROPENSITY)
    assert not list((school.learned / "learning").glob("*.state"))
    assert school.learner().catch_up()
    all_in(school, NOTHING_YET.facts)


def test_one_that_is_told_to_stop_once_another_learns_publishes_nothing(
    school: School, store: Store
) -> None:
    school.offer(NOTHING_YET.facts)
    slow = school.learner()
    slow._current().hear(0, slow._renew)
    slow._current().count(10**15, slow._renew)
    slow._hold = lambda *_: False
    assert not slow._end()
    assert not Registry(school.home / "data", store).versions(PROPENSITY)


def test_what_may_take_longer_than_the_lease_is_kept_at_once(school: School) -> None:
    """Of two that each told or forgot, and kept nothing, each would begin it again when its turn
    came, for ever."""
    school.offer(NOTHING_YET.facts)
    at = clock()()
    school.learner(now=lambda: at).turn()
    progress = school.kept()[0].progress
    assert progress.instructed
    school.learner(now=lambda: (progress.day + 1) * DAY).turn()
    assert school.kept()[0].progress.day == progress.day + 1


def test_what_was_learned_weighs_half_after_the_half_life(school: School) -> None:
    at = clock()()
    learner = school.learner(now=itertools.repeat(at).__next__, half_life=3.0)
    school.offer(4)
    learner.turn()
    learner._clock = itertools.repeat(at + 3 * DAY).__next__
    learner.turn()
    learner._current().keep()
    assert school.seen() == pytest.approx({"apples": 2.0, "berries": 2.0})


def test_a_clock_that_is_set_back_stops_no_learner(school: School) -> None:
    ahead = time.time_ns() // 1_000_000 + 7_200_000
    learner = school.learner()
    learner._clock = lambda: ahead
    school.offer(2)
    learner.turn()
    learner._clock = clock()  # two hours earlier
    learner.turn()
    school.offer(2)
    assert learner.catch_up()
    all_in(school, 4)


def test_another_schema_starts_over_from_the_logs(school: School, tmp_path: Path) -> None:
    school.offer(4)
    learner = school.learner()
    learner.catch_up()
    file = tmp_path / "catalogue" / "catalogue.yaml"
    plan = "plan: {type: string, enum: [basic, fibre]}"
    file.write_text(file.read_text().replace(plan, plan + "\n    age: {type: int}"))
    for _ in range(2):
        school.application.served.look()
    assert learner.catch_up()
    all_in(school, 4)
    assert "customer.age" in [one.name for one in school.kept()[1].features]


def test_a_damaged_checkpoint_is_said_and_learned_anew(school: School) -> None:
    school.offer(4)
    assert school.learner().catch_up()
    path = sorted((school.learned / "learning").glob("*.state"))[-1]
    path.write_bytes(path.read_bytes()[:-100])
    assert school.learner().catch_up()
    all_in(school, 4)


def test_the_command_learns_what_there_is_and_ends(
    school: School, store: Store, server_url: str
) -> None:
    school.offer(4)
    house = ["--catalogue", str(school.home / "catalogue"), "--data", str(school.home / "data")]
    command = ["learn", "--once", *house, "--redis", server_url]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert school.seen() == {"apples": 4.0, "berries": 4.0}  # the others turned down, for now
    assert store.log.hold(READER, "somebody else", 60_000)
    assert "another process learns" in CliRunner().invoke(main, command).output


def test_a_learner_that_is_off_keeps_no_log(school: School, server_url: str, store: Store) -> None:
    school.offer(4)
    assert school.learner().catch_up()
    names = [readers_key(partition) for partition in range(PARTITIONS)]
    with redis.Redis.from_url(server_url) as client:
        assert any(client.hexists(name, READER) for name in names)
        house = school.home / "catalogue", school.home / "data", server_url
        off = Settings(*house, archive="off", learning=LearningSettings(on=False))
        with open_application(off, keep=True):
            assert not any(client.hexists(name, READER) for name in names)
