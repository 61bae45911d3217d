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
from engine.models.routing import LEARNED
from engine.partitions import PARTITIONS, made_at
from engine.patience import LATEST
from engine.progress import Progress
from engine.registry import Registry
from engine.services.deciding.changes import DAY
from engine.services.learning import study
from engine.services.learning.study import READER
from engine.settings import LearningSettings, Settings
from engine.situation import PROPENSITY
from engine.store import Store
from engine.store.keys import readers_key
from engine.teaching import NOTHING_YET
from tests.http.test_learning import CATALOGUE
from tests.services.school import SECOND, School, clock

HOUR = 3600 * SECOND
KILLS = 50 if int(os.environ.get("TELLER_EXAMPLES", "0")) >= 1_000 else 2


@pytest.fixture
def school(store: Store, tmp_path: Path) -> School:
    return School(store, tmp_path, tmp_path / "data")


@contextmanager
def learning(url: str, home: Path) -> Iterator[None]:
    """A learning process, killed by the signal nobody can catch."""
    command = [sys.executable, "-m", "tests.services.school", url, str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"learning\n"
        try:
            yield
        finally:
            process.send_signal(signal.SIGKILL)


def all_in(school: School, offers: int) -> None:
    """Every offer is learned of once, and every answer with its reward."""
    kept, _ = school.kept()
    told = NOTHING_YET.worth if kept.progress.instructed else 0.0
    assert school.seen() == pytest.approx(dict.fromkeys(("apples", "berries"), offers + told))
    assert kept.progress.answers == 2 * offers
    accepted = [said["apples"] for said in kept.progress.rewards.values() if "apples" in said]
    assert accepted == [1.0] * sum(number % 4 < 2 for number in range(offers))


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


def test_a_snapshot_has_heard_of_no_decision_made_after_it(school: School) -> None:
    """However its learner's clock goes: the gate judges it by those."""
    decisions = school.offer(80)
    assert school.learner(now=lambda: 1_000_000).catch_up()
    registry = Registry(school.home / "data", school.store)
    at = registry.manifest(PROPENSITY, registry.resolve(PROPENSITY, LEARNED)).metadata["at"]
    assert isinstance(at, int)
    assert at >= max(map(made_at, decisions))


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
    monkeypatch.setattr(study, "_COUNT", 1)  # a turn is not enough
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


def test_a_version_is_let_go_once_no_decision_made_with_it_can_be_made_again(
    school: School, store: Store
) -> None:
    registry = Registry(school.home / "data", store)
    learner = school.learner()
    for _ in range(3):
        school.offer(NOTHING_YET.facts)
        assert learner.catch_up()
    first, last = sorted(school.kept()[0].progress.versions.items(), key=lambda one: one[1])[::2]
    assert len(registry.versions(PROPENSITY)) == 3
    kept_for = school.learner()._current()._retention + study.DAY
    old = school.learner()
    progress = old._current()._course.progress
    progress.versions[first[0]] -= kept_for + 3600 * 1000
    school.offer(4)
    old.turn()
    left = registry.versions(PROPENSITY)
    assert first[0] not in left
    assert last[0] in left
    assert registry.aliases(PROPENSITY)[LEARNED] in left


def test_what_an_alias_means_is_never_let_go(school: School, store: Store) -> None:
    registry = Registry(school.home / "data", store)
    school.offer(NOTHING_YET.facts)
    assert school.learner().catch_up()
    learned = registry.aliases(PROPENSITY)[LEARNED]
    registry.drop(PROPENSITY, learned)
    assert learned in registry.versions(PROPENSITY)


def test_a_snapshot_that_must_not_serve_is_not_published(school: School, store: Store) -> None:
    school.offer(NOTHING_YET.facts)
    learner = school.learner()
    learner.turn()
    serving = Registry(school.home / "data", store).aliases(PROPENSITY)
    broken = learner._current()._course.learner
    broken._own.weights[:] = float("nan")
    school.offer(2)
    assert not learner._unharmed(learner.turn)
    assert Registry(school.home / "data", store).aliases(PROPENSITY) == serving


def test_while_offers_are_still_to_be_counted_nothing_is_published_for_a_while(
    school: School, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "_COUNT", 1)  # one entry of a partition at a time
    school.offer(40)
    learner = school.learner(now=clock(SECOND))
    assert learner.turn()
    while learner.turn():
        assert not Registry(school.home / "data", store).versions(PROPENSITY)
    assert len(Registry(school.home / "data", store).versions(PROPENSITY)) == 1


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


def test_until_a_few_decisions_were_seen_the_prior_serves(school: School, store: Store) -> None:
    learner, registry = school.learner(), Registry(school.home / "data", store)
    school.offer(NOTHING_YET.facts - 1)
    learner.turn()
    assert not registry.aliases(PROPENSITY)
    school.offer(1)
    learner.turn()
    assert LEARNED in registry.aliases(PROPENSITY)
