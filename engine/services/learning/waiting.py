"""When to look for offers that nobody answered, and how old those are by then."""

from __future__ import annotations

from collections.abc import Collection

from engine.patience import SHARES
from engine.teaching.course import Course

COUNT_EVERY = 1_000  # ms between looks for offers nobody answered, or
_LOOKS = 8  # so many looks in the time that one is waited for, but
COUNT_WITHIN = 3_600_000  # ms at most, lest what was said of one has been let go of by then


class Waiting:
    """Each share's last look. `delay`: ms for which an answer is waited for, None for as long as
    answers take; `longest` at most."""

    def __init__(self, delay: int | None, longest: int) -> None:
        self._delay = delay
        self._longest = longest
        self._counted = [0] * SHARES

    def due(self, course: Course, now: int) -> list[tuple[list[int], int]]:
        """(shares, age) pairs: of which shares to count offers `now` (ms) as unanswered, and from
        what age (ms, whole seconds) on."""
        return [
            (shares, age)
            for shares, age in self._ages(course)
            if now - self._counted[shares[0]] >= min(max(COUNT_EVERY, age // _LOOKS), COUNT_WITHIN)
        ]

    def done(self, shares: Collection[int], now: int) -> None:
        """All there are of these shares were counted."""
        self._counted = [now if n in shares else at for n, at in enumerate(self._counted)]

    def set_to(self, now: int) -> None:
        """The clock was set back to `now` (ms): a look counts as done now, not in the future."""
        self._counted = [min(at, now) for at in self._counted]

    def _ages(self, course: Course) -> list[tuple[list[int], int]]:
        """Neighbouring shares of the same age that were read equally far are one pair, so that the
        logs are read once for both."""
        found: list[tuple[list[int], int]] = []
        reached = course.progress.counted
        for share, waited in enumerate(course.patience(self._delay, self._longest)):
            age = waited - waited % COUNT_EVERY
            if found and found[-1][1] == age and reached[found[-1][0][0]] == reached[share]:
                found[-1][0].append(share)
            else:
                found.append(([share], age))
        return found
