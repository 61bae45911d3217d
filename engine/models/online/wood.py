"""Randomised trees over the columns: moments are akin where they end in the same leaves.

Nodes stand level by level, all trees' roots first, and the children of the n-th node that splits
are the two after those of the one before, so that a node is its column and its cut alone. A row
asks all nodes at once and then follows the answers down, in all trees at once.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.errors import ModelRefused

Cuts: TypeAlias = NDArray[np.float32]
Nodes: TypeAlias = NDArray[np.int32]
Places: TypeAlias = NDArray[np.intp]
Numbers: TypeAlias = NDArray[np.float64]
Ends: TypeAlias = NDArray[np.uint16]

TREES = 16
MOST_NODES = 65_536
"""So that a leaf is told by two bytes."""

DEEPEST = 16
"""Levels below a root, as a row has to go down all of them."""

LEAF = -1


class Felled(Struct, frozen=True, forbid_unknown_fields=True):
    """Of each node its column (int16; -1 is a leaf) and its cut (float32: what is above it goes
    right), little-endian."""

    columns: bytes = b""
    cuts: bytes = b""


class Wood:
    """`TREES` trees of so many `nodes`, ready to be asked."""

    def __init__(self, columns: Nodes, cuts: Cuts) -> None:
        """Raises ModelRefused for nodes that make no such trees."""
        inner, leaves = np.flatnonzero(columns != LEAF), np.flatnonzero(columns == LEAF)
        first = TREES + 2 * np.arange(len(inner))
        if len(columns) != TREES + 2 * len(inner) or len(cuts) != len(columns):
            raise ModelRefused("trees: a node that nothing leads to, or a child there is not")
        if (first <= inner).any():
            raise ModelRefused("trees: a child that does not stand behind its parent")
        self.ends = len(leaves)
        self.felled = Felled(columns.astype("<i2").tobytes(), cuts.astype("<f4").tobytes())
        self._columns, self._cuts = columns[inner].astype(np.intp), cuts[inner]
        # Those that ask first, so that only they are asked; leaves lead to themselves.
        places = np.concatenate([inner, leaves]).argsort()
        self._roots, self._left, right = places[:TREES], places[first], places[first + 1]
        self._further = right - self._left
        self._leaves = np.arange(len(inner), len(columns))
        self._levels = _levels(self._roots, self._left, right)
        if self._levels > DEEPEST:
            raise ModelRefused(f"trees: {self._levels:,} levels deep; at most {DEEPEST}")

    def leaves(self, row: Cuts) -> Places:
        """Which of all trees' leaves, in the order of their nodes, a row of columns ends in, one
        a tree; shape (TREES,)."""
        above = row.take(self._columns) > self._cuts
        # By arithmetic: a branch a node would be guessed wrong every other time.
        onward = np.concatenate([self._left + self._further * above, self._leaves])
        at = self._roots
        for _ in range(self._levels):
            at = onward.take(at)
        return at - len(above)


def rebuilt(felled: Felled, columns: int) -> Wood | None:
    """The trees over so many columns; None where there are none yet. Raises ModelRefused."""
    if not felled.columns and not felled.cuts:
        return None
    if len(felled.columns) % 2 or len(felled.cuts) != 2 * len(felled.columns):
        raise ModelRefused("trees: columns and cuts of other than the same nodes")
    nodes = np.frombuffer(felled.columns, "<i2").astype(np.int32)
    cuts = np.frombuffer(felled.cuts, "<f4").astype(np.float32)
    known = (nodes >= LEAF) & (nodes < columns)
    if len(nodes) > MOST_NODES or not bool(known.all() and np.isfinite(cuts).all()):
        raise ModelRefused("trees: too many nodes, a column there is not, or a cut not finite")
    return Wood(nodes, cuts)


def _levels(at: Places, left: Places, right: Places) -> int:
    """How often a row may have to go on from there to end in a leaf."""
    levels = 0
    while len(at := at[at < len(left)]):
        at = np.concatenate([left[at], right[at]])
        levels += 1
    return levels
