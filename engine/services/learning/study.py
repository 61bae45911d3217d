"""One learner's work, from a checkpoint on: hear answers, count offers, publish, keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import chain
from typing import NamedTuple, Protocol

import structlog

from engine.catalogue import Catalogue
from engine.errors import ModelRefused
from engine.partitions import PARTITIONS
from engine.progress import START, order
from engine.services.deciding.changes import DAY, retention
from engine.services.learning.checkpoints import Checkpoints
from engine.services.learning.publishing import Publisher
from engine.services.learning.reading import READER, Logs, each, full, read_on
from engine.services.learning.resuming import checkpoint_of, resumed
from engine.services.learning.waiting import Waiting
from engine.situation import Live
from engine.teaching.answers import answered
from engine.teaching.course import due
from engine.teaching.priors import NOTHING_YET, trained

LONGEST = 300_000  # ms something may be learned and not yet published
SHORTEST = 1_000  # ms between two snapshots
KEEP_EVERY = 10_000  # ms between checkpoints, or twenty times as long as one takes

_NO_PAUSE = 0  # ms; what may have taken longer than the lease lasts others would only begin again

_AHEAD = 1_000
"""Milliseconds by which a decision may be later than its entry: no two of a customer are of one
moment, so that many at once run ahead of the log."""

_log = structlog.get_logger()


class Watch(Protocol):
    """Whoever counts what happens."""

    def learned(self, answers: int, behind: float) -> None: ...
    def snapshot(self, at: float) -> None: ...


class Pace(NamedTuple):
    """How long the learner waits, and how fast it forgets.

    `delay`: ms after which an offer nobody answered counts as unanswered, at most the attribution
    window; None: for as long as answers take. `half_life`: days after which an answer weighs half.
    """

    delay: int | None
    half_life: float


class Study:
    """A learner at work with one catalogue. Every verb raises StoreUnavailable; `keep` raises
    Overtaken when another learner was here, and then none of this one's work counts."""

    def __init__(
        self,
        logs: Logs,
        checkpoints: Checkpoints,
        publisher: Publisher,
        watch: Watch,
        pace: Pace,
        live: Live,
        now: int,
    ) -> None:
        self._logs = logs
        self._checkpoints = checkpoints
        self._publisher = publisher
        self._watch = watch
        self._catalogue = live.catalogue
        self._waiting = Waiting(pace.delay, live.catalogue.strategy.attribution)
        self._half_life = pace.half_life
        self._retention = retention(live)
        self._number, kept = checkpoints.latest()
        self._course = resumed(kept, live.catalogue)
        self._published = now - SHORTEST
        self._kept = now
        self._pause = KEEP_EVERY
        self._changed = False
        progress = self._course.progress
        self._prior = NOTHING_YET if (model := publisher.trained()) is None else trained(model)
        progress.day = progress.day or now // DAY
        for digest in publisher.ours() - progress.versions.keys():
            progress.versions[digest] = now
        logs.advance(READER, dict.fromkeys(range(PARTITIONS), START) | progress.slowest())

    def is_of(self, catalogue: Catalogue) -> bool:
        """Whether it learns for that very catalogue."""
        return catalogue is self._catalogue or catalogue.digest == self._catalogue.digest

    def set_to(self, now: int) -> None:
        """After the clock was set back to `now` (ms): whatever is done every so often counts as
        done now, not in the future, so that none of it waits until the old time has come again."""
        self._published, self._kept = min(self._published, now), min(self._kept, now)
        self._waiting.set_to(now)

    def hear(self, now: int, renew: Callable[[], None]) -> bool:
        """Take in what was answered since; whether there may be more. It would `renew` its lease
        before every entry, and be stopped by what that raises."""
        progress, more, behind = self._course.progress, False, 0
        before = progress.answers
        for entries in read_on(self._logs, progress.heard):
            self._changed = True
            self._course.hear(each(entries, renew), self._logs.decisions(answered(entries)))
            if full(entries):
                more = True
                behind = max(behind, now - order(entries[-1].id)[0])
        self._watch.learned(progress.answers - before, behind / 1000)
        return more

    def count(self, now: int, renew: Callable[[], None]) -> bool:
        """Take in what was offered and not answered in time, in the same way; whether there may be
        more. To be called once all answers have been heard."""
        before = self._course.progress.answers
        more = [
            self._count(shares, age, now, renew)
            for shares, age in self._waiting.due(self._course, now)
        ]
        self._watch.learned(self._course.progress.answers - before, 0.0)
        return any(more)

    def _count(self, shares: list[int], age: int, now: int, renew: Callable[[], None]) -> bool:
        """Count the offers of these shares that are at least `age` ms old and not yet counted.
        The shares have been read equally far, so one reading of the logs serves all of them."""
        reached, more = self._course.progress.counted[shares[0]], False
        for entries in read_on(self._logs, reached, str(max(now - age, 0))):
            self._changed = True
            self._course.count(each(entries, renew), shares)
            more |= full(entries)
        if not more:
            self._waiting.done(shares, now)
        return more

    def publish(self, now: int, *, behind: bool = False, at_once: bool = False) -> None:
        """Have a snapshot served, if the learner has been told what to expect and it is worth it.
        Its metadata says `at` when (ms): of no decision after that has it heard.
        `at_once`: if there is anything new.
        `behind`: offers are still to be counted, so that it would promise too much; rather that
        than none for long.

        Raises ModelRefused for one that must not serve: then the one before serves on.
        """
        self._instruct()
        progress, since = self._course.progress, now - self._published
        worth = due(progress.fresh, progress.weight, since, LONGEST)
        worth = worth and since >= (LONGEST if behind else SHORTEST)
        if not progress.instructed or not (worth or (at_once and progress.fresh)):
            return
        self._published = now
        self._note_serving(now)
        read = [one.values() for one in (progress.heard, *progress.counted)]
        told = max(now, *(order(one)[0] for one in chain(*read))) + _AHEAD
        digest = self._snapshot({"answers": progress.answers, "at": told})
        progress.versions[digest], progress.fresh = now, 0
        self._watch.snapshot(now / 1000)
        _log.info("snapshot published", version=digest, answers=progress.answers)

    def upkeep(self, now: int, *, behind: bool = False) -> None:
        """Forget what a day makes forgotten, and keep a checkpoint, when it is time. `behind`:
        offers are still to be counted, so that what was said of them is still needed."""
        progress = self._course.progress
        if (today := now // DAY) > progress.day and not behind:
            self._course.forget(0.5 ** ((today - progress.day) / self._half_life))
            self._course.let_go(now - self._retention)
            progress.day, self._changed = today, True
            self._pause = _NO_PAUSE
        if self._changed and now - self._kept >= self._pause:
            self._note_serving(now)
            self._drop_old(now)
            self.keep()
            self._kept = now

    def keep(self) -> None:
        """Make what was learned so far the checkpoint to go on from. Raises Overtaken."""
        started = time.monotonic()
        course = self._course
        self._checkpoints.commit(self._number + 1, checkpoint_of(course))
        self._number += 1
        self._logs.advance(READER, course.progress.slowest())
        self._changed = False
        self._pause = max(KEEP_EVERY, int(20_000 * (time.monotonic() - started)))

    def _instruct(self) -> None:
        """Tell the learner what to expect, once it can be asked about."""
        if self._course.instruct(self._prior, self._catalogue.actions):
            self._changed, self._pause = True, _NO_PAUSE
            _log.info("the learner was told what to expect", model=self._prior.model.version)

    def _snapshot(self, metadata: Mapping[str, object]) -> str:
        """Publish what was learned; its digest. After a refusal nothing is tried again until
        something new was learned: the same snapshot would be refused again."""
        course = self._course
        try:
            return self._publisher.publish(
                course.learner, self._catalogue.actions, course.samples, metadata
            )
        except ModelRefused:
            course.progress.fresh = 0
            raise

    def _note_serving(self, now: int) -> None:
        """Write down that the versions which serve now did so at `now`, so that none is dropped
        while a decision it made may be replayed."""
        versions = self._course.progress.versions
        versions.update(dict.fromkeys(self._publisher.serving() & versions.keys(), now))

    def _drop_old(self, now: int) -> None:
        """Drop versions that last served so long ago that the records of their decisions are gone,
        so that nobody can replay one."""
        versions = self._course.progress.versions
        gone = [one for one, at in versions.items() if at < now - self._retention - DAY]
        self._publisher.drop(gone)
        for digest in gone:
            del versions[digest]
