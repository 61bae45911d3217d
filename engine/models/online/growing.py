"""Growing randomised trees from answers: columns that tell who takes what come first.

As extremely randomised trees (Geurts, Ernst and Wehenkel, Extremely Randomized Trees, 2006): each
node takes the best of a few cuts drawn by chance, on all answers there are. A cut lies between
two of the node's own answers, so that units do not matter. The best leaves, of actions and
whether they worked, the purest sides: the largest Σ n²/n of both, n the answers of a kind there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.models.online.wood import DEEPEST, LEAF, TREES, Cuts, Ends, Nodes, Numbers, Places, Wood

KINDS = 64
"""Further kinds of answers share their number with others."""

_TRIES = 6
_FINEST = 512  # a node with less than so many parts of all answers is a leaf, too
_LEAST = 5  # answers that a node splits
_AT_ONCE = 25_000  # entries, so that they stay near
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


def grown(rows: Cuts, kinds: Places, seed: int, most: int, asked: int) -> tuple[Wood, Ends]:
    """Trees of at most `most` leaves on rows of columns (answers, columns) of these kinds
    (answers,), and which leaf each answer ends in; shape (TREES, answers). `asked`: how many of
    a node's answers its cuts are judged by, at most. The same for a seed."""
    answers, chance = len(rows), np.random.default_rng(seed)
    kinds = kinds % KINDS
    ends = np.repeat(np.arange(TREES), answers)
    level = _Level(TREES, ends.copy(), np.tile(np.arange(answers), TREES), np.arange(len(ends)))
    splits: list[_Split] = []
    made = leaves = TREES
    while level.size:
        split = _whole(level.size)
        if len(splits) < DEEPEST:
            _best(level, rows, kinds, chance, max(_LEAST, answers // _FINEST), asked, split)
        leaves += int(np.count_nonzero(split.columns != LEAF))
        if leaves > most:
            split = _whole(level.size)
        splits.append(split)
        level = _next(level, split, rows)
        ends[level.entries] = made + level.nodes
        made += level.size
    columns, cuts = (np.concatenate(parts) for parts in zip(*splits, strict=True))
    rank = np.cumsum(columns == LEAF) - 1
    return Wood(columns, cuts), rank[ends].astype(np.uint16).reshape(TREES, answers)


def _best(
    level: _Level,
    rows: Cuts,
    kinds: Places,
    chance: np.random.Generator,
    least: int,
    most: int,
    found: _Split,
) -> None:
    """Of each node that is large enough and not pure the best of a few cuts, put in `found`."""
    sizes = np.bincount(level.nodes, minlength=level.size)
    pure = _purity(level.nodes, kinds[level.rows], level.size) == sizes
    those = np.flatnonzero((sizes >= least) & ~pure)
    if not len(those):
        return
    count = len(those)
    nodes = np.repeat(np.arange(count), np.minimum(sizes[those], most))
    at = level.rows[_some(sizes, those, most)]
    of = kinds[at]
    columns, cuts = _drawn(nodes, at, rows, count, chance)
    flat, base = rows.ravel(), at * rows.shape[1]
    worth = np.empty((_TRIES, count))
    for first in range(0, _TRIES, step := max(1, _AT_ONCE // len(at))):
        part = slice(first, first + step)
        above = flat.take(base + columns[part].take(nodes, 1)) > cuts[part].take(nodes, 1)
        side = 2 * (nodes + count * np.arange(len(above))[:, None]) + above
        sides = _purity(side, of, 2 * count * len(above))
        worth[part] = sides.reshape(len(above), -1, 2).sum(axis=2)
    best, each = worth.argmax(axis=0), np.arange(count)
    better = worth[best, each] > _purity(nodes, of, count) * _MORE
    best, each, those = best[better], each[better], those[better]
    found.columns[those] = columns[best, each]
    found.cuts[those] = cuts[best, each]


def _some(sizes: Places, those: Places, most: int) -> Places:
    """Where some answers of each of those nodes stand, at most so many, evenly spread."""
    starts, held = (np.cumsum(sizes) - sizes)[those], sizes[those]
    asked = np.minimum(held, most)
    nth = np.arange(asked.sum()) - np.repeat(np.cumsum(asked) - asked, asked)
    places: Places = np.repeat(starts, asked)
    places += nth * np.repeat(held, asked) // np.repeat(asked, asked)
    return places


def _whole(count: int) -> _Split:
    """No node splits."""
    return _Split(np.full(count, LEAF, np.int32), np.zeros(count, np.float32))


def _drawn(
    nodes: Places, at: Places, rows: Cuts, count: int, chance: np.random.Generator
) -> tuple[Places, Cuts]:
    """A few columns of each node, and cuts between two of its answers, or at both where they are
    the same (what is none from what is some); each (tries, nodes)."""
    shape = _TRIES, count
    sizes = np.bincount(nodes)
    columns = chance.integers(rows.shape[1], size=shape)
    starts = np.cumsum(sizes) - sizes
    one, other = (
        rows[at[starts + (chance.random(shape) * sizes).astype(np.intp)], columns] for _ in range(2)
    )
    low, high = np.minimum(one, other), np.maximum(one, other)
    cuts = low + (high - low) * chance.random(shape, np.float32)
    return columns, np.where(cuts < high, cuts, low)


def _purity(places: Places, kinds: Places, count: int) -> Numbers:
    """Σ n²/n of each place, n the answers of a kind there; zero where there are none."""
    most = int(kinds.max(initial=0)) + 1
    cells = (places * most + kinds).ravel()
    table = np.bincount(cells, minlength=count * most).reshape(count, most)
    purity: Numbers = np.einsum("ij,ij->i", table, table) / np.maximum(table.sum(axis=1), 1)
    return purity


def _next(level: _Level, split: _Split, rows: Cuts) -> _Level:
    """The answers of the nodes that split, by their children, which keep their order."""
    splits = split.columns != LEAF
    stay = splits[level.nodes]
    nodes, at, entries = level.nodes[stay], level.rows[stay], level.entries[stay]
    above = rows.ravel().take(at * rows.shape[1] + split.columns[nodes]) > split.cuts[nodes]
    children = 2 * (np.cumsum(splits) - 1)[nodes] + above
    order = np.argsort(children.astype(np.uint16), kind="stable")  # of two bytes, by radix
    return _Level(2 * int(splits.sum()), children[order], at[order], entries[order])
