"""Randomised trees over the columns: moments are akin where they end in the same leaves.

Nodes stand level by level, all trees' roots first, and the children of the n-th node that splits
are the two after those of the one before, so that a node is its column and its cut alone.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.compiled import compiled
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

# Of a node, in one place of memory: its column, its cut's bits, its left child, and how many
# leaves stand before it. A leaf leads to itself, as nothing is above infinity.
_COLUMN, _CUT, _NEXT, _LEAF = range(4)


class Felled(Struct, frozen=True, forbid_unknown_fields=True):
    """Of each node its column (int16; -1 is a leaf) and its cut (float32: what is above it goes
    right), little-endian."""

    columns: bytes = b""
    cuts: bytes = b""


class Wood:
    """`TREES` trees of so many `nodes`, ready to be asked."""

    def __init__(self, columns: Nodes, cuts: Cuts) -> None:
        """Raises ModelRefused for nodes that make no such trees."""
        places, inner = np.arange(len(columns)), columns != LEAF
        before = np.cumsum(inner) - inner
        first = TREES + 2 * before
        if len(columns) != TREES + 2 * inner.sum() or len(cuts) != len(columns):
            raise ModelRefused("trees: a node that nothing leads to, or a child there is not")
        if (first <= places)[inner].any():
            raise ModelRefused("trees: a child that does not stand behind its parent")
        if (levels := _levels(inner)) > DEEPEST:
            raise ModelRefused(f"trees: {levels:,} levels deep; at most {DEEPEST}")
        self.ends = int(len(columns) - inner.sum())
        self.felled = Felled(columns.astype("<i2").tobytes(), cuts.astype("<f4").tobytes())
        self._levels = levels
        self._nodes = np.empty((len(columns), 4), np.int32)
        self._nodes[:, _COLUMN] = np.where(inner, columns, 0)
        self._nodes[:, _CUT] = np.where(inner, cuts, np.float32(np.inf)).view(np.int32)
        self._nodes[:, _NEXT] = np.where(inner, first, places)
        self._nodes[:, _LEAF] = places - before

    def leaves(self, row: Cuts) -> Ends:
        """Which of all trees' leaves, in the order of their nodes, a row of columns ends in, one
        a tree; shape (TREES,)."""
        return _ends(row, self._nodes, self._levels)


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


def _levels(inner: NDArray[np.bool_]) -> int:
    """How often a row may have to go on from a root to end in a leaf."""
    levels, first, size = 0, 0, TREES
    while splits := int(np.count_nonzero(inner[first : first + size])):
        levels, first, size = levels + 1, first + size, 2 * splits
    return levels


@compiled("uint16[::1](float32[::1], int32[:, ::1], int64)")
def _ends(row: Cuts, nodes: Nodes, levels: int) -> Ends:
    """All trees step by step, as none has to wait for another; by arithmetic, as a branch would be
    guessed wrong every other time."""
    cuts = nodes.view(np.float32)
    at = np.arange(TREES)
    for _ in range(levels):
        for tree in range(TREES):
            node = at[tree]
            above = row[nodes[node, _COLUMN]] > cuts[node, _CUT]
            at[tree] = nodes[node, _NEXT] + int(above)
    ends = np.empty(TREES, np.uint16)
    for tree in range(TREES):
        ends[tree] = nodes[at[tree], _LEAF]
    return ends
