"""Facts about how randomised trees grow."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engine.models.online import growing
from engine.models.online.growing import grown
from engine.models.online.wood import DEEPEST, LEAF, MOST_NODES, TREES, Cuts, Places

MOST = MOST_NODES // 2
CHANCE = np.random.default_rng(11)
ROWS = CHANCE.normal(size=(300, 4)).astype(np.float32)
SIDES = (ROWS[:, 1] > 0.3).astype(np.intp)
WOOD, ENDS = grown(ROWS, SIDES, 1, MOST, 64)


def pure(ends: NDArray[np.uint16], kinds: NDArray[np.intp]) -> float:
    """The share of answers that are of their leaf's most frequent kind."""
    keys = ends.astype(np.intp) * 2 + kinds[:, None]
    table = np.bincount(keys.ravel(), minlength=2 * int(ends.max()) + 2).reshape(-1, 2)
    return float(table.max(axis=1).sum()) / ends.size


def purity(kinds: list[int]) -> float:
    """Σ n²/n, n the answers of a kind."""
    return sum(count**2 for count in Counter(kinds).values()) / max(len(kinds), 1)


def split_by_the_book(
    rows: Cuts, kinds: Places, held: list[int], draws: Cuts, asked: int
) -> tuple[int, float]:
    """Of a node that holds those answers."""
    few = min(len(held), asked)
    some = [held[nth * len(held) // few] for nth in range(few)]
    column, best, purest = LEAF, 0.0, purity(kinds[some].tolist()) * (1.0 + 1e-9)
    for which, one, other, part in draws:
        tried = int(float(which) * rows.shape[1])
        ends = [rows[some[int(float(each) * few)], tried] for each in (one, other)]
        cut = min(ends) + (max(ends) - min(ends)) * part
        cut = cut if cut < max(ends) else min(ends)
        sides = [[int(kinds[at]) for at in some if (rows[at, tried] > cut) == up] for up in (0, 1)]
        if (pure := sum(map(purity, sides))) > purest:
            column, best, purest = tried, float(cut), pure
    return column, best


def trees_by_the_book(
    rows: Cuts, kinds: Places, seed: int, most: int, asked: int
) -> tuple[list[int], list[float], list[list[int]]]:
    """Columns, cuts and answers of all nodes."""
    chance, level = np.random.default_rng(seed), [list(range(len(rows))) for _ in range(TREES)]
    columns: list[int] = []
    cuts: list[float] = []
    nodes: list[list[int]] = []
    leaves = depth = 0
    while level:
        large = [len(held) >= max(5, len(rows) // 512) for held in level]
        draws = iter(chance.random((sum(large), 6, 4), np.float32))
        splits = [
            split_by_the_book(rows, kinds, held, next(draws), asked) if enough else (LEAF, 0.0)
            for held, enough in zip(level, large, strict=True)
        ]
        leaves += sum(column != LEAF for column, _ in splits)
        if TREES + leaves > most or depth == DEEPEST:
            splits = [(LEAF, 0.0)] * len(level)
        columns += [column for column, _ in splits]
        cuts += [cut for _, cut in splits]
        nodes += level
        level = [
            [at for at in held if (rows[at, column] > cut) == up]
            for held, (column, cut) in zip(level, splits, strict=True)
            if column != LEAF
            for up in (False, True)
        ]
        depth += 1
    return columns, cuts, nodes


@settings(max_examples=20)
@given(
    st.integers(0, 2**32),
    st.integers(1, 60),
    st.integers(1, 3),
    st.sampled_from([70, 3, 1]),
    st.sampled_from([500, 60, TREES]),
    st.sampled_from([6, 100]),
    st.sampled_from([0, 2**23]),
)
def test_trees_are_those_that_a_plain_reading_of_the_rules_grows(
    seed: int, answers: int, columns: int, kinds: int, most: int, asked: int, low: int
) -> None:
    """Of rows many of which are alike, or next to each other as float32 goes; with as many leaves
    as trees, and of more kinds than are told apart, too."""
    chance = np.random.default_rng(seed)
    rows = (low + chance.integers(9, size=(answers, columns))).astype(np.float32)
    of = chance.integers(kinds, size=answers)
    wood, ends = grown(rows, of, seed, most, asked)
    expected, cuts, nodes = trees_by_the_book(rows, of % 64, seed, most, asked)
    assert np.frombuffer(wood.felled.columns, "<i2").tolist() == expected
    assert np.frombuffer(wood.felled.cuts, "<f4").tolist() == pytest.approx(cuts, abs=1e-6)
    leaves = [held for held, column in zip(nodes, expected, strict=True) if column == LEAF]
    assert [
        [leaf for leaf, held in enumerate(leaves) if at in held] for at in range(answers)
    ] == np.sort(ends).tolist()


def test_trees_are_no_deeper_than_a_row_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "DEEPEST", 2)
    assert grown(ROWS, np.arange(300), 1, MOST, 64)[0].ends <= TREES * 2**2


def test_trees_are_the_same_for_a_seed_and_others_for_another() -> None:
    again, other = grown(ROWS, SIDES, 1, MOST, 64)[0], grown(ROWS, SIDES, 2, MOST, 64)[0]
    assert again.felled == WOOD.felled
    assert other.felled != WOOD.felled


def test_units_do_not_matter() -> None:
    assert (grown(ROWS * np.float32(1024.0), SIDES, 1, MOST, 64)[1] == ENDS).all()


def test_leaves_hold_answers_of_one_kind() -> None:
    """But for those that are too few to split."""
    assert pure(ENDS, SIDES) > 0.99


def test_none_is_told_from_some_where_nearly_all_is_none() -> None:
    """Cuts drawn between extremes would hardly ever fall below what little there is."""
    rows = np.where(CHANCE.random((400, 1)) < 0.9, 0.0, CHANCE.lognormal(0.0, 3.0, (400, 1)))
    kinds = (rows[:, 0] > 0.0).astype(np.intp)
    wood, ends = grown(rows.astype(np.float32), kinds, 3, MOST, 64)
    assert pure(ends, kinds) == 1.0
    assert wood.ends < 3 * TREES


def test_what_nothing_tells_apart_stays_together() -> None:
    wood, ends = grown(np.ones((50, 3), np.float32), np.arange(50), 1, MOST, 64)
    assert wood.ends == TREES
    assert ends.tolist() == [list(range(TREES))] * 50


def test_chance_makes_no_more_nodes_than_two_bytes_tell() -> None:
    rows = CHANCE.random((4096, 2)).astype(np.float32)
    wood, ends = grown(rows, CHANCE.integers(60, size=4096), 1, MOST, 64)
    assert 2 * wood.ends - TREES <= MOST_NODES
    assert int(ends.max()) < wood.ends
