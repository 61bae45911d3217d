"""Facts about randomised trees: where a row ends in them, and what they refuse to be."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ModelRefused
from engine.models.online.growing import grown
from engine.models.online.wood import (
    DEEPEST,
    LEAF,
    MOST_NODES,
    TREES,
    Cuts,
    Felled,
    Nodes,
    Wood,
    rebuilt,
)

CHANCE = np.random.default_rng(11)
ROWS = CHANCE.normal(size=(300, 4)).astype(np.float32)
WOOD, ENDS = grown(ROWS, (ROWS[:, 1] > 0.3).astype(np.intp), 1, MOST_NODES // 2, 64)


def ends_by_the_book(columns: Nodes, cuts: Cuts, row: Cuts) -> list[int]:
    """A node's children are the two after those of the node that splits before it."""
    ends = []
    for root in range(TREES):
        node = root
        while columns[node] != LEAF:
            left = TREES + 2 * int((columns[:node] != LEAF).sum())
            node = left + int(row[columns[node]] > cuts[node])
        ends.append(int((columns[:node] == LEAF).sum()))
    return ends


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.floats(0.0, 0.9), st.integers(1, 3))
def test_a_row_is_led_down_all_trees_to_the_leaf_the_nodes_lead_to(
    seed: int, split: float, columns: int
) -> None:
    """From sixteen roots that are leaves to as deep as trees may be."""
    chance = np.random.default_rng(seed)
    nodes: list[int] = []
    inner, level = 0, TREES
    for depth in range(DEEPEST + 1):
        splits = chance.random(level) < (split if depth < DEEPEST and inner < 200 else 0.0)
        nodes += np.where(splits, chance.integers(columns, size=level), LEAF).tolist()
        inner, level = inner + int(splits.sum()), 2 * int(splits.sum())
    which = np.array(nodes, np.int32)
    cuts = chance.integers(-2, 3, len(which)).astype(np.float32)
    wood = Wood(which, cuts)
    for row in chance.integers(-3, 4, (10, columns)).astype(np.float32):
        row[chance.random(columns) < 0.1] = np.nan
        assert wood.leaves(row).tolist() == ends_by_the_book(which, cuts, row)
    assert wood.ends == int((which == LEAF).sum())


def test_a_row_ends_where_it_was_put_while_the_trees_grew() -> None:
    for row, ends in zip(ROWS, ENDS, strict=True):
        assert WOOD.leaves(row).tolist() == ends.tolist()


def test_felled_trees_stand_again() -> None:
    again = rebuilt(WOOD.felled, 4)
    assert again is not None
    assert all(again.leaves(row).tolist() == WOOD.leaves(row).tolist() for row in ROWS)
    assert rebuilt(Felled(), 4) is None


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
