"""Learning from the logs while the house is open.

One learner at a time: a lease in the store says whose turn it is, which saves work; it is renewed
between entries, however many there are in a turn. What makes it safe is that checkpoints are
numbered: of two that both believe to hold the lease, one commits and the other starts again from
there.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from threading import Event

import structlog

from engine.errors import ModelRefused, Overtaken, TellerError
from engine.services.learning.reading import READER
from engine.services.learning.study import Study
from engine.services.ports import Serving
from engine.situation import Live

LIFE = 30_000  # ms; a learner that died is replaced after this
RENEW = 5_000  # ms of it, after which it is renewed
PAUSE = 0.5  # seconds between looks at the logs

_log = structlog.get_logger()


class Learning:
    """Holds the lease while it learns. `begin` goes on from the last checkpoint with what
    decides now, at a time (ms); `clock` tells the time."""

    def __init__(
        self,
        hold: Callable[[str, str, int], bool],
        begin: Callable[[Live, int], Study],
        serving: Serving,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._hold = hold
        self._begin = begin
        self._serving = serving
        self._clock = clock
        self._token = secrets.token_hex(16)
        self._held = 0
        self._study: Study | None = None

    def follow(self, stopped: Event) -> None:
        """Until told to stop, and whatever fails meanwhile."""
        while not stopped.is_set():
            if not self._unharmed(self.turn):
                stopped.wait(PAUSE)
        self._unharmed(self._end)

    def catch_up(self) -> bool:
        """Take in and publish all there is now; False when another process learns."""
        more = True
        while more and self._holding():
            more = self.turn()
        if not more:
            self._end()
        return not more

    def turn(self) -> bool:
        """Read on and do what is due; whether there is more to read at once."""
        if not self._holding():
            self._study = None
            return False
        study, now = self._current(), self._clock()
        study.set_to(now)
        more = study.hear(now, self._renew)
        if not more:  # all answers first, lest an offer counts as unanswered that was not
            more = study.count(now, self._renew)
            study.publish(now, behind=more)
        study.upkeep(now, behind=more)
        return more

    def _current(self) -> Study:
        """What is being learned; with a changed catalogue, begun again from a checkpoint."""
        if self._study and not self._study.is_of(self._serving.live.catalogue):
            self._study.keep()
            self._study = None
        if self._study is None:
            self._study = self._begin(self._serving.live, self._clock())
        return self._study

    def _renew(self) -> None:
        """The lease, when it is time to. Raises Overtaken when another has it."""
        if not 0 <= self._clock() - self._held < RENEW and not self._holding():
            raise Overtaken("it took the lease, which had ended meanwhile")

    def _holding(self) -> bool:
        self._held = self._clock()
        return self._hold(READER, self._token, LIFE)

    def _end(self) -> bool:
        if self._study and self._holding():
            self._study.publish(self._clock(), at_once=True)
            self._study.keep()
        self._study = None
        self._hold(READER, self._token, 0)
        return False

    def _unharmed(self, act: Callable[[], bool]) -> bool:
        try:
            return act()
        except Overtaken as error:
            self._study = None
            _log.info("another process learns", reason=str(error))
        except ModelRefused as error:
            _log.error("what was learned is not served", error=str(error))
        except (TellerError, OSError) as error:
            _log.error("nothing is learned", error=str(error))
        return False
