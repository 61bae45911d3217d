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

TREES = 16
MOST_NODES = 65_536
"""So that a leaf is told by two bytes."""

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
        inner = columns != LEAF
        if len(columns) != TREES + 2 * int(inner.sum()) or len(cuts) != len(columns):
            raise ModelRefused("trees: a node that nothing leads to, or a child there is not")
        self._columns, self._cuts = np.maximum(columns, 0), cuts
        own = np.arange(len(columns), dtype=np.int32)
        first = (TREES - 2 + 2 * np.cumsum(inner)).astype(np.int32)
        if (first[inner] <= own[inner]).any():
            raise ModelRefused("trees: a child that does not stand behind its parent")
        self._left, self._right = np.where(inner, first, own), np.where(inner, first + 1, own)
        self.nodes = len(columns)
        self._levels = _levels(self._left, self._right)
        self.felled = Felled(columns.astype("<i2").tobytes(), cuts.astype("<f4").tobytes())

    def leaves(self, row: Cuts) -> Nodes:
        """The node of each tree where a row of columns ends; shape (TREES,)."""
        above = row.take(self._columns) > self._cuts
        onward = np.where(above, self._right, self._left)
        at = onward[:TREES]
        for _ in range(self._levels):
            at = onward.take(at)
        return at


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


def _levels(left: Nodes, right: Nodes) -> int:
    """How often a row may have to go on, once it has left the roots."""
    at, levels = np.arange(TREES, dtype=np.int32), 0
    while True:
        at = at[left[at] != at]
        if not len(at):
            return max(levels - 1, 0)
        at = np.concatenate([left[at], right[at]])
        levels += 1
