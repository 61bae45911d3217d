"""Facts about randomised trees: how they grow, and what they refuse to be."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import ModelRefused
from engine.models.online.growing import grown
from engine.models.online.wood import DEEPEST, MOST_NODES, TREES, Felled, rebuilt

MOST = MOST_NODES // 2
CHANCE = np.random.default_rng(11)
ROWS = CHANCE.normal(size=(300, 4)).astype(np.float32)
SIDES = (ROWS[:, 1] > 0.3).astype(np.intp)
WOOD, ENDS = grown(ROWS, SIDES, 1, MOST, 64)


def pure(ends: NDArray[np.uint16], kinds: NDArray[np.intp]) -> float:
    """The share of answers that are of their leaf's most frequent kind."""
    keys = ends.astype(np.intp) * 2 + kinds
    table = np.bincount(keys.ravel(), minlength=2 * int(ends.max()) + 2).reshape(-1, 2)
    return float(table.max(axis=1).sum()) / ends.size


def test_a_row_ends_where_it_was_put_while_the_trees_grew() -> None:
    for place, row in enumerate(ROWS):
        assert WOOD.leaves(row).tolist() == ENDS[:, place].tolist()


def test_trees_are_the_same_for_a_seed_and_others_for_another() -> None:
    again, other = grown(ROWS, SIDES, 1, MOST, 64)[0], grown(ROWS, SIDES, 2, MOST, 64)[0]
    assert again.felled == WOOD.felled
    assert other.felled != WOOD.felled


def test_felled_trees_stand_again() -> None:
    again = rebuilt(WOOD.felled, 4)
    assert again is not None
    assert all(again.leaves(row).tolist() == WOOD.leaves(row).tolist() for row in ROWS)
    assert rebuilt(Felled(), 4) is None


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
    assert ends.tolist() == [[tree] * 50 for tree in range(TREES)]


def test_chance_makes_no_more_nodes_than_two_bytes_tell() -> None:
    rows = CHANCE.random((4096, 2)).astype(np.float32)
    wood, ends = grown(rows, CHANCE.integers(60, size=4096), 1, MOST, 64)
    assert 2 * wood.ends - TREES <= MOST_NODES
    assert int(ends.max()) < wood.ends


@pytest.mark.parametrize(
    ("columns", "cuts", "why"),
    [
        ([-1] * TREES, [0.0] * (TREES - 1), "other than the same nodes"),
        ([-1] * (TREES - 1), [0.0] * (TREES - 1), "a child there is not"),
        ([0, *[-1] * (TREES - 1)], [0.0] * TREES, "a child there is not"),
        ([4, *[-1] * (TREES + 1)], [0.0] * (TREES + 2), "a column there is not"),
        ([-2, *[-1] * (TREES + 1)], [0.0] * (TREES + 2), "a column there is not"),
        ([0, *[-1] * (TREES + 1)], [np.nan] * (TREES + 2), "not finite"),
        ([-1] * (MOST_NODES + 1), [0.0] * (MOST_NODES + 1), "too many nodes"),
        ([*[-1] * TREES, 0, -1], [0.0] * (TREES + 2), "does not stand behind its parent"),
    ],
)
def test_what_makes_no_trees_is_refused(columns: list[int], cuts: list[float], why: str) -> None:
    felled = Felled(np.array(columns, "<i2").tobytes(), np.array(cuts, "<f4").tobytes())
    with pytest.raises(ModelRefused, match=why):
        rebuilt(felled, 4)


def test_trees_too_deep_to_be_asked_in_time_are_refused() -> None:
    """Each node that splits is the only one of its level."""
    columns = [0, *[-1] * (TREES - 1), *[0, -1] * DEEPEST, -1, -1]
    felled = Felled(np.array(columns, "<i2").tobytes(), bytes(4 * len(columns)))
    with pytest.raises(ModelRefused, match="17 levels deep"):
        rebuilt(felled, 4)


def test_half_a_node_is_refused() -> None:
    with pytest.raises(ModelRefused, match="other than the same nodes"):
        rebuilt(msgspec.structs.replace(WOOD.felled, columns=WOOD.felled.columns[:-1]), 4)
