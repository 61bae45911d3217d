"""Growing randomised trees from answers: columns that tell who takes what come first.

As extremely randomised trees (Geurts, Ernst and Wehenkel, Extremely Randomized Trees, 2006): each
node takes the best of a few cuts drawn by chance, on all answers there are. A cut lies between
two of the node's own answers, so that units do not matter. The best leaves, of actions and
whether they worked, the purest sides: the largest Σ n²/n of both, n the answers of a kind there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.models.wood import LEAF, MOST_NODES, TREES, Cuts, Nodes, Numbers, Places, Wood

KINDS = 64
"""Further kinds of answers share their number with others."""

_TRIES = 6
_FINEST = 512  # a node with less than so many parts of all answers is a leaf
_DEEPEST = 16
_MORE = 1.0 + 1e-9  # purer than before, as sums are rounded


class _Level(NamedTuple):
    """The answers of one level's `size` nodes, an entry a tree and answer, node by node."""

    size: int
    nodes: Places
    rows: Places
    entries: Places


class _Split(NamedTuple):
    """How each node of a level splits: `columns` (LEAF: not at all) and `cuts`."""

    columns: Nodes
    cuts: Cuts


def grown(rows: Cuts, kinds: Places, seed: int) -> tuple[Wood, NDArray[np.uint16]]:
    """Trees on rows of columns (answers, columns) of these kinds (answers,), and the leaf where
    each answer ends; shape (TREES, answers). The same for a seed."""
    answers, chance = len(rows), np.random.default_rng(seed)
    kinds = kinds % KINDS
    ends = np.repeat(np.arange(TREES), answers)
    level = _Level(TREES, ends.copy(), np.tile(np.arange(answers), TREES), np.arange(len(ends)))
    splits: list[_Split] = []
    made = TREES
    while level.size:
        split = _best(level, rows, kinds, chance, max(2, answers // _FINEST))
        if len(splits) == _DEEPEST or made + 2 * level.size > MOST_NODES:
            split = _whole(level.size)
        splits.append(split)
        level = _next(level, split, rows)
        ends[level.entries] = made + level.nodes
        made += level.size
    columns, cuts = (np.concatenate(parts) for parts in zip(*splits, strict=True))
    return Wood(columns, cuts), ends.astype(np.uint16).reshape(TREES, answers)


def _best(
    level: _Level, rows: Cuts, kinds: Places, chance: np.random.Generator, least: int
) -> _Split:
    """The best of a few cuts of each node that is large enough and not pure."""
    of = kinds[level.rows]
    sizes = np.bincount(level.nodes, minlength=level.size)
    best = _purity(level.nodes, of, level.size)
    small = (sizes < least) | (best == sizes)
    best[small] = np.inf
    best *= _MORE
    found = _whole(level.size)
    for _ in range(_TRIES):
        split = _drawn(level, rows, sizes, chance)
        above = _above(level, split, rows)
        sides = _purity(2 * level.nodes + above, of, 2 * level.size)
        worth = sides[::2] + sides[1::2]
        better = worth > best
        best[better] = worth[better]
        found.columns[better] = split.columns[better]
        found.cuts[better] = split.cuts[better]
    return found


def _whole(count: int) -> _Split:
    """No node splits."""
    return _Split(np.full(count, LEAF, np.int32), np.zeros(count, np.float32))


def _drawn(level: _Level, rows: Cuts, sizes: Places, chance: np.random.Generator) -> _Split:
    """Of each node a column and a cut between two of its answers, or at both where they are the
    same (what is none from what is some)."""
    columns = chance.integers(rows.shape[1], size=level.size, dtype=np.int32)
    starts = np.cumsum(sizes) - sizes
    one, other = (
        rows[level.rows[starts + (chance.random(level.size) * sizes).astype(np.intp)], columns]
        for _ in range(2)
    )
    low, high = np.minimum(one, other), np.maximum(one, other)
    cuts = low + (high - low) * chance.random(level.size, np.float32)
    return _Split(columns, np.where(cuts < high, cuts, low))


def _purity(places: Places, kinds: Places, count: int) -> Numbers:
    """Σ n²/n of each place, n the answers of a kind there; zero where there are none."""
    most = int(kinds.max(initial=0)) + 1
    table = np.bincount(places * most + kinds, minlength=count * most).reshape(count, most)
    purity: Numbers = np.einsum("ij,ij->i", table, table) / np.maximum(table.sum(axis=1), 1)
    return purity


def _above(level: _Level, split: _Split, rows: Cuts) -> NDArray[np.bool_]:
    """Of each entry, whether it goes right."""
    columns, cuts = split.columns[level.nodes], split.cuts[level.nodes]
    above: NDArray[np.bool_] = rows.ravel().take(level.rows * rows.shape[1] + columns) > cuts
    return above


def _next(level: _Level, split: _Split, rows: Cuts) -> _Level:
    """The answers of the nodes that split, by their children, which keep their order."""
    splits = split.columns != LEAF
    stay = splits[level.nodes]
    kept = _Level(level.size, level.nodes[stay], level.rows[stay], level.entries[stay])
    children = 2 * (np.cumsum(splits) - 1)[kept.nodes] + _above(kept, split, rows)
    order = np.argsort(children, kind="stable")
    return _Level(2 * int(splits.sum()), children[order], kept.rows[order], kept.entries[order])
