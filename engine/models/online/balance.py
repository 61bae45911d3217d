"""Who is believed of what came: what an action's own answers say, or what all have in common.

Either counts by the likelihood of what came, given what it promised beforehand times the best
factor there is: exp(n · explained / 2s), explained = (Σ p · y)² / Σ p², n the number of answers and
s the least they leave unexplained. So who tells yes from no is seen where answers are rare as where
they are frequent, and nobody wins by expecting nothing of anything, or loses by hope.

Own answers are held to what was believed of them (`temper`), as that is what would serve; but to
all they told where a yes is seldom: there, where nothing tells moments apart, they would promise
each action's rate as what is shared does, and go on trying out what that knows to be hopeless.
"""

from __future__ import annotations

from math import exp, log
from typing import TypeAlias

from engine.errors import ModelRefused
from engine.models.online.promises import Promise

Moments: TypeAlias = tuple[float, float, float, float, float, float, float, float]

_KEEP = 0.999  # who did better in about the last thousand answers
_FIRST = 200.0  # answers
_RARE = 0.03  # where neither is believed beforehand
_OFTEN = 0.2
_LEAN = 40.0
_LEAST, _MOST = -60.0, 8.0  # log odds of the own, beforehand
_UNSEEN = 1.0, 20.0  # yes, of so many answers, before anything came
_DOUBT = 0.25  # of squared error that one more answer would have been off by
_SURE = 100.0  # exp of more says nothing more
_LARGEST = 1e9
_IDLE = 0.05  # who counts for less need not be asked


class Balance:
    """`moments`: how many answers and Σ y², of the first and of the latest, and of own and shared
    each Σ p · y and Σ p²."""

    def __init__(self, moments: Moments = (0.0,) * 8) -> None:
        """Raises ModelRefused for what are no such sums."""
        if not all(0.0 <= one <= _LARGEST for one in moments):
            raise ModelRefused(f"a balance of sums that are not between 0 and {_LARGEST:g}")
        self.moments = moments
        self.shared = self._share()

    @property
    def often(self) -> bool:
        """Whether so many of the first answers were a yes that trying out all costs little; after
        somebody's word (`vouch`) nobody knows."""
        early, worked = self.moments[:2]
        vouched = worked >= early >= _FIRST
        return self._rate >= _OFTEN and not vouched

    def take(self, reward: float, own: float, shared: float, ahead: float = 0.0) -> Promise:
        """What came, and what the two had promised of it; to be kept, with how far `ahead` of the
        action's rate it was, should it come to more."""
        early, worked, count, came, own_came, own_all, shared_came, shared_all = self.moments
        if first := early < _FIRST:
            early, worked = early + 1.0, worked + reward**2
        self.moments = (
            early,
            worked,
            _KEEP * count + 1.0,
            _KEEP * came + reward**2,
            _KEEP * own_came + own * reward,
            _KEEP * own_all + own**2,
            _KEEP * shared_came + shared * reward,
            _KEEP * shared_all + shared**2,
        )
        self.shared = self._share()
        return Promise(reward, own, shared, first, ahead)

    def amend(self, promise: Promise, more: float) -> None:
        """What came was worth so much more."""
        further = (promise.reward + more) ** 2 - promise.reward**2
        early, worked, count, came, own_came, own_all, shared_came, shared_all = self.moments
        self.moments = (
            early,
            worked + further * promise.first,
            count,
            came + further,
            own_came + promise.own * more,
            own_all,
            shared_came + promise.shared * more,
            shared_all,
        )
        self.shared = self._share()

    def vouch(self) -> None:
        """The own were told by who knows: as if every one of the first answers had worked."""
        self.moments = _FIRST, _FIRST, *self.moments[2:]
        self.shared = self._share()

    def join(self, other: Balance) -> None:
        """Count what another has seen, too."""
        a, b, c, d, e, f, g, h = (
            one + more for one, more in zip(self.moments, other.moments, strict=True)
        )
        self.moments = a, b, c, d, e, f, g, h
        self.shared = self._share()

    @property
    def _rate(self) -> float:
        """Of a yes, among the first answers."""
        early, worked = self.moments[:2]
        return (worked + _UNSEEN[0]) / (early + _UNSEEN[1])

    def _share(self) -> float:
        """How much what is shared counts, from 0 to 1; who counts for next to nothing, nothing."""
        _, _, count, came, *both = self.moments
        # No promise explains more than came; what came late may look as if.
        own, shared = (min(both[at] ** 2 / max(both[at + 1], 1e-12), came) for at in (0, 2))
        speed = (count + 1.0) / (2.0 * (max(came - max(own, shared), 0.0) + _DOUBT))
        lean = min(max(_LEAN * log(self._rate / _RARE), _LEAST), _MOST)
        ahead = lean + speed * (own - shared)
        share = 1.0 / (1.0 + exp(min(max(ahead, -_SURE), _SURE)))
        return share if _IDLE <= share <= 1.0 - _IDLE else float(share > 0.5)
