"""Growing randomised trees from answers: columns that tell who takes what come first.

As extremely randomised trees (Geurts, Ernst and Wehenkel, Extremely Randomized Trees, 2006): each
node takes the best of a few cuts drawn by chance, on all answers there are. A cut lies between
two of the node's own answers, so that units do not matter. The best leaves, of actions and
whether they worked, the purest sides: the largest Σ n²/n of both, n the answers of a kind there.

The answers of a node stand side by side in its tree's stretch of one `order`; where it splits,
they are parted in place, those of the left child first, each side as old as before.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.compiled import compiled
from engine.models.online.wood import DEEPEST, LEAF, TREES, Cuts, Ends, Nodes, Places, Wood

KINDS = 64
"""Further kinds of answers share their number with others."""

Kinds: TypeAlias = NDArray[np.uint8]
Counts: TypeAlias = NDArray[np.int64]

_TRIES = 6
_DRAWS = 4  # a try: a column, two answers, and where between them
_FINEST = 512  # a node with less than so many parts of all answers is a leaf, too
_LEAST = 5  # answers that a node splits
_MORE = 1.0 + 1e-9  # purer than before, as sums are rounded
_WHOLE = -1  # what LEAF is: see `compiled` about the names of other modules


def grown(rows: Cuts, kinds: Places, seed: int, most: int, asked: int) -> tuple[Wood, Ends]:
    """Trees of at most `most` leaves on rows of columns (answers, columns) of these kinds
    (answers,), and which leaf each answer ends in; shape (answers, TREES). `asked`: how many of
    a node's answers its cuts are judged by, at most. The same for a seed."""
    answers, chance = len(rows), np.random.default_rng(seed)
    field, of = np.ascontiguousarray(rows.T), (kinds % KINDS).astype(np.uint8)
    order = np.tile(np.arange(answers, dtype=np.int32), TREES)
    starts = answers * np.arange(TREES, dtype=np.int32)
    spans = np.stack([starts, starts + answers], axis=1)
    least, leaves = max(_LEAST, answers // _FINEST), TREES
    levels: list[tuple[Nodes, Nodes, Cuts]] = []
    while len(spans):
        large = np.count_nonzero(spans[:, 1] - spans[:, 0] >= least)
        draws = chance.random((large, _TRIES, _DRAWS), np.float32)
        columns, cuts = _split(field, of, order, spans, draws, least, asked)
        leaves += int(np.count_nonzero(columns != LEAF))
        if leaves > most or len(levels) == DEEPEST:
            columns[:], cuts[:] = LEAF, 0.0
        levels.append((spans, columns, cuts))
        spans = _parted(field, order, spans, columns, cuts)
    spans, columns, cuts = (np.concatenate(parts) for parts in zip(*levels, strict=True))
    return Wood(columns, cuts), _ended(order, spans[columns == LEAF], answers, TREES)


@compiled("float64(int64[::1], int64[::1], int64, int64)")
def _purity(whole: Counts, above: Counts, held: int, right: int) -> float:
    """Σ n²/n of both sides of a cut, as counted by kind of all `held` answers and of the `right`
    ones above it; zero of a side without answers."""
    low, high = 0, 0
    for kind in range(len(whole)):
        high += above[kind] * above[kind]
        low += (whole[kind] - above[kind]) * (whole[kind] - above[kind])
    return low / max(held - right, 1) + high / max(right, 1)


@compiled("float32(float32, float32, float32)")
def _between(one: np.float32, other: np.float32, part: np.float32) -> np.float32:
    """A cut between two answers, or at both where they are the same (what is none from what is
    some)."""
    low, high = min(one, other), max(one, other)
    cut = low + (high - low) * part
    return cut if cut < high else low


@compiled(
    "Tuple((int32, float32))"
    "(float32[:, ::1], uint8[::1], int32[::1], float32[:, ::1], int64[:, ::1])"
)
def _best(
    field: Cuts, of: Kinds, those: Nodes, draws: Cuts, counts: Counts
) -> tuple[int, np.float32]:
    """The column and cut, of a few drawn, that leave those answers, of these kinds, the purest;
    LEAF if none makes them purer. `counts`: room to count twice as many kinds as there are."""
    held, column, best = len(those), _WHOLE, np.float32(0.0)
    whole, above = counts[0], counts[1]
    whole[:], above[:] = 0, 0
    for kind in of:
        whole[kind] += 1
    purest = _purity(whole, above, held, 0) * _MORE
    if purest >= held:  # all of one kind
        return column, best
    for draw in draws:
        tried = int(draw[0] * len(field))
        values = field[tried]
        one, other = values[those[int(draw[1] * held)]], values[those[int(draw[2] * held)]]
        cut = _between(one, other, draw[3])
        right, above[:] = 0, 0
        for nth in range(held):
            more = int(values[those[nth]] > cut)
            above[of[nth]] += more
            right += more
        purity = _purity(whole, above, held, right)
        if purity > purest:
            purest, column, best = purity, tried, cut
    return column, best


@compiled(
    "Tuple((int32[::1], float32[::1]))(float32[:, ::1], uint8[::1], int32[::1], int32[:, ::1],"
    "float32[:, :, ::1], int64, int64)"
)
def _split(
    field: Cuts, kinds: Kinds, order: Nodes, spans: Nodes, draws: Cuts, least: int, most: int
) -> tuple[Nodes, Cuts]:
    """How each of a level's nodes splits that holds at `least` so many: columns (LEAF: not at
    all) and cuts, judged by `most` answers of each at most, evenly spread."""
    columns, cuts = np.full(len(spans), _WHOLE, np.int32), np.zeros(len(spans), np.float32)
    those, of = np.empty(most, np.int32), np.empty(most, np.uint8)
    counts, large = np.zeros((2, int(kinds.max()) + 1), np.int64), 0
    for node in range(len(spans)):
        first, last = spans[node]
        held = last - first
        if held >= least:
            asked = min(held, most)
            for nth in range(asked):
                those[nth] = order[first + nth * held // asked]
                of[nth] = kinds[those[nth]]
            found = _best(field, of[:asked], those[:asked], draws[large], counts)
            columns[node], cuts[node] = found
            large += 1
    return columns, cuts


@compiled("int64(float32[::1], int32[::1], float32, int32[::1])")
def _part(values: Cuts, those: Nodes, cut: float, spare: Nodes) -> int:
    """Put those answers that are above the cut behind the others, in place; how many others."""
    left, right = 0, 0
    for at in those:
        # To both sides: a branch would be guessed wrong every other time.
        those[left], spare[right] = at, at
        above = int(values[at] > cut)
        left += 1 - above
        right += above
    those[left:] = spare[:right]
    return left


@compiled("int32[:, ::1](float32[:, ::1], int32[::1], int32[:, ::1], int32[::1], float32[::1])")
def _parted(field: Cuts, order: Nodes, spans: Nodes, columns: Nodes, cuts: Cuts) -> Nodes:
    """Where the children's answers stand, of those nodes that split."""
    children = np.empty((2 * np.count_nonzero(columns != _WHOLE), 2), np.int32)
    spare, child = np.empty(field.shape[1], np.int32), 0
    for node in range(len(spans)):
        if columns[node] != _WHOLE:
            first, last = spans[node]
            middle = first + _part(field[columns[node]], order[first:last], cuts[node], spare)
            children[child, 0], children[child, 1] = first, middle
            children[child + 1, 0], children[child + 1, 1] = middle, last
            child += 2
    return children


@compiled("uint16[:, ::1](int32[::1], int32[:, ::1], int64, int64)")
def _ended(order: Nodes, spans: Nodes, answers: int, trees: int) -> Ends:
    """Which leaf of each tree each answer ends in, of leaves in the order of their nodes."""
    ends = np.empty((answers, trees), np.uint16)
    for leaf in range(len(spans)):
        tree = spans[leaf, 0] // answers
        for place in range(spans[leaf, 0], spans[leaf, 1]):
            ends[order[place], tree] = leaf
    return ends
