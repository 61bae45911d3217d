"""Thompson sampling: an action's chance is the share of plausible worlds in which it is best."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.exploration.foremost import foremost
from engine.exploration.posterior import Posterior

DRAWS = 64
HEAD = 64
FARTHEST = 8.7
"""√(2 ln 2⁵⁴), and a little: the farthest that `normals` reach."""

OPTIMISM = 10.0
"""Every draw is this many spreads above the mean: the benefit of the doubt, for those of whom
little is known (May, Korda, Lee and Leslie, Optimistic Bayesian Sampling, JMLR 2012)."""


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@compiled("float64(uint64, int64)")
def _uniform(seed: int, nth: int) -> float:
    """Between 0 and 1, of 53 bits: the nth of SplitMix64 from that seed (Steele, Lea and Flood,
    Fast Splittable Pseudorandom Number Generators, 2014)."""
    word = seed + np.uint64(nth + 1) * _GOLDEN
    word = (word ^ (word >> np.uint64(30))) * _FIRST
    word = (word ^ (word >> np.uint64(27))) * _SECOND
    return ((word ^ (word >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53 + 2.0**-54


@compiled("UniTuple(float64, 2)(uint64, int64)")
def normals(seed: int, nth: int) -> tuple[float, float]:
    """The nth pair of standard normal draws of a seed, the same for ever (Box and Muller)."""
    radius = np.sqrt(-2.0 * np.log(_uniform(seed, 2 * nth)))
    angle = 2.0 * np.pi * _uniform(seed, 2 * nth + 1)
    return radius * np.cos(angle), radius * np.sin(angle)


@dataclass(frozen=True, slots=True)
class Thompson:
    """One of `DRAWS` draws from the posterior, chosen uniformly; `floor` (0 to 1) is shared
    by all candidates alike.

    Given the draws, which derive from the posterior's key, P = (1 − floor) · count / DRAWS +
    floor / n exactly, where count is how many draws an action wins. Only the `HEAD` most
    promising are drawn for. A model that has no posterior leaves its best all but the floor.
    """

    floor: float

    def probabilities(
        self, priorities: NDArray[np.float64], posterior: Posterior | None = None
    ) -> NDArray[np.float64]:
        """The chance of each of `priorities` (shape (n,), n ≥ 1); sums to one."""
        if posterior is None:
            shares = np.zeros(len(priorities))
            shares[priorities.argmax()] = 1.0
        else:
            shares = _shares(priorities, posterior)
        chances: NDArray[np.float64] = (1.0 - self.floor) * shares
        chances += self.floor / len(priorities)
        return chances


def _shares(priorities: NDArray[np.float64], posterior: Posterior) -> NDArray[np.float64]:
    """The share of the draws in which each is the best; shape (n,)."""
    scales = posterior.scales
    seed = _seed(posterior.key)
    if len(priorities) <= HEAD:
        return _won(priorities, scales, seed)
    head = np.sort(foremost(priorities + scales, HEAD))
    shares = np.zeros(len(priorities))
    shares[head] = _won(priorities[head], scales[head], seed)
    return shares


def _seed(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big")


@compiled("float64[::1](float64[::1], float64[::1], uint64)")
def _won(
    priorities: NDArray[np.float64], scales: NDArray[np.float64], seed: int
) -> NDArray[np.float64]:
    """The same of the head, drawn for. No draw is further out than FARTHEST, so that who is
    behind by more than that cannot win, drawn or not."""
    count = len(priorities)
    shares, hopes, spreads = np.zeros(count), priorities + scales, scales / OPTIMISM
    sure = (hopes - FARTHEST * spreads).max()
    (able,) = (hopes + FARTHEST * spreads >= sure).nonzero()
    if len(able) <= 1:  # none where something is infinite, or no number
        shares[able[0] if len(able) else priorities.argmax()] = 1.0
        return shares
    for nth in range(DRAWS // 2):
        one = other = able[0]
        most = more = -np.inf
        for place in able:
            left, right = normals(seed, nth * count + place)
            if hopes[place] + spreads[place] * left > most:
                one, most = place, hopes[place] + spreads[place] * left
            if hopes[place] + spreads[place] * right > more:
                other, more = place, hopes[place] + spreads[place] * right
        shares[one] += 1.0 / DRAWS
        shares[other] += 1.0 / DRAWS
    return shares
