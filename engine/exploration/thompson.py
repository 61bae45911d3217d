"""Thompson sampling: an action's chance is the share of plausible worlds in which it is best."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from threading import local

import numpy as np
from numpy.typing import NDArray

from engine.exploration.posterior import Posterior

DRAWS = 64
HEAD = 64
FARTHEST = 8.7
"""√(2 ln 2⁵⁴), the farthest that `normals` reach."""

OPTIMISM = 10.0
"""Every draw is this many spreads above the mean: the benefit of the doubt, for those of whom
little is known (May, Korda, Lee and Leslie, Optimistic Bayesian Sampling, JMLR 2012)."""


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
        chances = np.full(len(priorities), self.floor / len(priorities))
        if posterior is None:
            chances[priorities.argmax()] += 1.0 - self.floor
            return chances
        wins = _wins(priorities, posterior)
        chances += (1.0 - self.floor) * (wins / DRAWS)
        return chances


def _wins(priorities: NDArray[np.float64], posterior: Posterior) -> NDArray[np.intp]:
    """In how many of the draws each is the best; shape (n,), sums to DRAWS."""
    count = len(priorities)
    hopes = priorities + posterior.scales
    spreads = posterior.scales / OPTIMISM
    head = np.arange(count)
    if count > HEAD:
        head = np.sort(np.argpartition(-hopes, HEAD)[:HEAD])
        hopes, spreads = hopes[head], spreads[head]
    # No draw is further out than FARTHEST, so that the others cannot win, drawn or not.
    reach = FARTHEST * spreads
    (able,) = (hopes + reach >= (hopes - reach).max()).nonzero()
    if len(able) == 1:
        wins = np.zeros(count, np.intp)
        wins[head[able]] = DRAWS
        return wins
    drawn = normals(posterior.key, len(head), able)
    best = (hopes.take(able) + spreads.take(able) * drawn).argmax(axis=1)
    return np.bincount(head[able[best]], minlength=count)


def normals(key: str, candidates: int, those: NDArray[np.intp]) -> NDArray[np.float64]:
    """Standard normal draws of `those` of so many candidates, shape (DRAWS, those); what one
    draws, the same for a key for ever, does not depend on who else is asked for.

    By Box and Muller from the bits of Philox: numpy promises to keep the bits of a generator,
    not what it makes of them.
    """
    bits = _bits(key, DRAWS * candidates).reshape(DRAWS, candidates).take(those, 1)
    uniforms = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    half = DRAWS // 2
    radii, angles = np.sqrt(-2.0 * np.log(uniforms[:half])), 2.0 * np.pi * uniforms[half:]
    return np.concatenate([radii * np.cos(angles), radii * np.sin(angles)])


class _Generator(local):
    """A thread's own, for to make one takes longer than all it does; `fresh`: its state, made."""

    def __init__(self) -> None:
        self.philox = np.random.Philox(key=0)
        self.fresh = self.philox.state


_GENERATOR = _Generator()


def _bits(key: str, count: int) -> NDArray[np.uint64]:
    """The first of a Philox whose key is a hash of this one."""
    seed = blake2b(key.encode(), digest_size=16).digest()
    philox, state = _GENERATOR.philox, _GENERATOR.fresh
    state["state"]["key"] = np.frombuffer(seed, ">u8")[::-1].astype(np.uint64)
    philox.state = state
    return philox.random_raw(count)
