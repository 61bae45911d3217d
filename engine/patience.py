"""How long an offer nobody answered yet is waited for: as long as answers take.

Were it counted as a no at once, whatever is answered late would look worse than it is until the
answers came, and so be offered less; were every no counted at one late age, whatever is new would
look better than it is until then. So as large a share of what is unanswered counts at any age as
of the answers has come by then, which is how much the lack of one says: F(age) in Chapelle,
Modeling Delayed Feedback in Display Advertising (2014), where few answer.

Offers are dealt to `SHARES` by a hash, and each share waits for one quantile of how long the
latest answers took. So the logs are read in order, once a share, and what waits is kept nowhere
else. It must not know what is learned.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from engine.change import Entry

SHARES = 4
LATEST = 256
"""Answers, by which it is known how long they take."""

_AT_ONCE = 4
"""So many are taken to have come at once before the first came."""


def share_of(entry: Entry) -> int:
    """Which share a decision's entry is in. Every entry is asked once a share, hence no better
    hash than that."""
    return crc32(entry.id.encode(), entry.partition) % SHARES


def taken_in(delays: list[int], delay: int) -> None:
    """Remember that an answer took so long (ms), in place of the oldest of the latest."""
    delays.append(max(delay, 0))
    del delays[:-LATEST]


def patience(delays: Sequence[int], longest: int) -> tuple[int, ...]:
    """How long each share is waited for (ms, from the least), `longest` at most: the middles of
    as many equal parts of how long answers took."""
    took = [0] * min(_AT_ONCE, LATEST - len(delays)) + sorted(delays)
    quantiles = ((2 * share + 1) * len(took) // (2 * SHARES) for share in range(SHARES))
    return tuple(min(took[at], longest) for at in quantiles)
