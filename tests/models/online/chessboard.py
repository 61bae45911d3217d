"""A chessboard to learn in hindsight, and how far from it what was learned is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.models.online.hindsight import Hindsight

ANSWERS = 600


def board(x: NDArray[np.float64]) -> float:
    """A chessboard of sixteen fields, which nothing smooth learns soon."""
    return float((int(4 * x[0]) + int(4 * x[1])) % 2)


def taught(answers: range, room: int = 4096, worth: float = 1.0) -> Hindsight:
    """Row 0's answers are the board's, row 1's always nothing; the rest knows half of either."""
    hindsight = Hindsight(2, room)
    for number in answers:
        chance = np.random.default_rng(number)
        x, owner = chance.random(2), number % 2
        reward = worth * board(x) * (owner == 0)
        hindsight.take(x, owner, reward, reward - 0.5, reward - 0.5)
    return hindsight


def said(
    hindsight: Hindsight, x: NDArray[np.float64], actions: int, rest: float = 0.5
) -> NDArray[np.float64]:
    """What is added to means the rest has of every action, by its weights alone."""
    means = np.full(actions, rest)
    return hindsight.about(x, means, means)


def off(hindsight: Hindsight, worth: float = 1.0) -> float:
    """How far from the truth it leaves the mean of row 0, on average."""
    rows = np.random.default_rng(10**6).random((300, 2))
    left = [float(said(hindsight, x, 2)[0]) + 0.5 - worth * board(x) for x in rows]
    return float(np.abs(left).mean())
