"""Trees compiled to arrays: one row through all of them at once, or many rows level by level.

A row is predicted as in QuickScorer (Lucchese et al., SIGIR 2015): each split says which leaves of
its tree can no longer be reached, as 64 bits; what is left when all have spoken is the leaf.
Splits on columns that are known beforehand (the action's) may speak beforehand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.errors import ModelRefused
from engine.models.base import LARGEST

MOST_TREES = 500
MOST_LEAVES = 64

Vector: TypeAlias = NDArray[np.float64]
Bits: TypeAlias = NDArray[np.uint64]
Places: TypeAlias = NDArray[np.int64]

_ALL = np.uint64(2**64 - 1)
_LEAF = -1


class Packed(Struct, frozen=True, forbid_unknown_fields=True):
    """The nodes of all trees, little-endian, each tree from its root down, the left child right
    behind its parent.

    `sizes` (int32): nodes a tree. A node: `columns` (int32; -1 is a leaf), `numbers` (float64:
    at most so much goes left; a leaf's worth), `rights` (int32: the right child in its tree).
    """

    sizes: bytes
    columns: bytes
    numbers: bytes
    rights: bytes


class _Split(NamedTuple):
    """A split: what it asks, and the leaves that stay when the answer is yes, or no."""

    tree: int
    column: int
    threshold: float
    left: int
    right: int


class Splits:
    """The splits on some columns, ready to be asked about one row."""

    def __init__(self, splits: Sequence[_Split], leaves: Bits) -> None:
        """`leaves`: all of each tree."""
        self._columns = np.array([one.column for one in splits], np.intp)
        self._thresholds = np.array([one.threshold for one in splits], np.float64)
        asked = np.array([one.tree for one in splits], np.intp)
        self._left = np.array([one.left for one in splits], np.uint64) & leaves[asked]
        self._right = np.array([one.right for one in splits], np.uint64) & leaves[asked]
        self._trees, self._starts = np.unique(asked, return_index=True)
        self._leaves = leaves

    def reachable(self, row: Vector) -> Bits:
        """Of each tree, the leaves these splits leave; shape (trees,)."""
        left = self._leaves.copy()
        if not len(self._columns):
            return left
        yes = row.take(self._columns) <= self._thresholds
        stay = np.where(yes, self._left, self._right)
        left[self._trees] = np.bitwise_and.reduceat(stay, self._starts)
        return left


class Forest:
    """Trees whose sum over the leaves a row falls into is its margin."""

    def __init__(self, packed: Packed, columns: int) -> None:
        """Raises ModelRefused for what are no such trees over so many columns."""
        sizes, self._columns = _integers(packed.sizes), _integers(packed.columns)
        self._numbers = np.frombuffer(_whole(packed.numbers, 8), "<f8")
        rights = _integers(packed.rights)
        count = int(sizes.sum())
        if not len(sizes) <= MOST_TREES or (sizes < 1).any():
            raise ModelRefused(f"{len(sizes)} trees, or an empty one; at most {MOST_TREES}")
        if not len(self._columns) == len(self._numbers) == len(rights) == count:
            raise ModelRefused(f"trees: numbers for other than their {count:,} nodes")
        known = (self._columns >= _LEAF) & (self._columns < columns)
        if not known.all() or not (np.abs(self._numbers) <= LARGEST).all():
            raise ModelRefused("trees: a column there is not, or a number that is out of bounds")
        self.trees = len(sizes)
        self._roots = np.concatenate([[0], np.cumsum(sizes)])[: self.trees].astype(np.int64)
        self._rights = rights + np.repeat(self._roots, sizes)
        self._splits: list[_Split] = []
        self._worth = np.zeros((self.trees, MOST_LEAVES))
        self._leaves = np.zeros(self.trees, np.uint64)
        for tree, (root, size) in enumerate(zip(self._roots.tolist(), sizes.tolist(), strict=True)):
            self._grow(tree, root, root + size)
        self._flat = self._worth.ravel()
        self._at = np.arange(self.trees) * MOST_LEAVES

    def splits(self, columns: Collection[int]) -> Splits:
        """Those on these columns."""
        return Splits([one for one in self._splits if one.column in columns], self._leaves)

    def margins(self, reachable: Bits) -> Vector:
        """The sum over trees of each row's leaf; `reachable`: (rows, trees), one bit in each."""
        leaf = np.bitwise_count(reachable - np.uint64(1)) + self._at
        margins: Vector = self._flat.take(leaf).sum(axis=1)
        return margins

    def descend(self, rows: Vector) -> Vector:
        """The margins of many rows (rows, columns), by going down all trees level by level."""
        total = np.zeros(len(rows))
        lines = np.arange(len(rows))
        for root in self._roots.tolist():
            at = np.full(len(rows), root)
            inner = lines[self._columns[at] != _LEAF]
            while len(inner):
                here = at[inner]
                yes = rows[inner, self._columns[here]] <= self._numbers[here]
                at[inner] = np.where(yes, here + 1, self._rights[here])
                inner = inner[self._columns[at[inner]] != _LEAF]
            total += self._numbers[at]
        return total

    def _grow(self, tree: int, root: int, end: int) -> None:
        """Number a tree's leaves from the left, and note its splits; every node is used once."""
        spans: dict[int, tuple[int, int]] = {}
        leaves = 0
        for node in _upwards(root, end, self._columns, self._rights):
            if self._columns[node] == _LEAF:
                if leaves == MOST_LEAVES:
                    raise ModelRefused(f"a tree has more than {MOST_LEAVES} leaves")
                self._worth[tree, leaves] = self._numbers[node]
                spans[node] = (leaves, leaves + 1)
                leaves += 1
                continue
            (first, middle), (_, last) = spans[node + 1], spans[int(self._rights[node])]
            spans[node] = (first, last)
            self._splits.append(
                _Split(
                    tree,
                    int(self._columns[node]),
                    float(self._numbers[node]),
                    _without(middle, last),
                    _without(first, middle),
                )
            )
        self._leaves[tree] = (1 << leaves) - 1
        if len(spans) != end - root:
            raise ModelRefused("a tree has nodes that nothing leads to")


def pack(trees: Sequence[Sequence[tuple[int, float, int]]]) -> Packed:
    """Trees of nodes (column or -1, threshold or worth, right child) as `Packed` describes."""
    nodes = [node for tree in trees for node in tree]
    return Packed(
        np.array([len(tree) for tree in trees], "<i4").tobytes(),
        np.array([column for column, _, _ in nodes], "<i4").tobytes(),
        np.array([number for _, number, _ in nodes], "<f8").tobytes(),
        np.array([right for _, _, right in nodes], "<i4").tobytes(),
    )


def _upwards(root: int, end: int, columns: Places, rights: Places) -> Iterator[int]:
    """A tree's nodes, children before their parent, from the left. Raises ModelRefused for a
    child that does not come after its parent, within the tree."""
    stack = [(root, False)]
    while stack:
        node, seen = stack.pop()
        if seen or columns[node] == _LEAF:
            yield node
            continue
        right = int(rights[node])
        if not node + 1 < right < end:
            raise ModelRefused("a tree's child does not stand behind its parent")
        stack += [(node, True), (right, False), (node + 1, False)]


def _without(first: int, last: int) -> int:
    """All leaves but those from `first` up to `last`."""
    return int(_ALL) ^ ((1 << last) - (1 << first))


def _integers(data: bytes) -> Places:
    return np.frombuffer(_whole(data, 4), "<i4").astype(np.int64)


def _whole(data: bytes, size: int) -> bytes:
    if len(data) % size:
        raise ModelRefused("trees: bytes that make no whole numbers")
    return data
