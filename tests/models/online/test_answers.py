"""Facts about the latest answers, as hindsight keeps them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.models.online.answers import Latest, as_kept
from engine.models.online.ways import PARTS

WORTH = (1.0, 0.0, 0.0, 0.0)


@given(st.integers(1, 6), st.integers(0, 20))
def test_the_latest_are_kept_in_the_order_they_came(room: int, count: int) -> None:
    latest = Latest(room, 1)
    for number in range(count):
        latest.keep(np.array([number], np.float32), number, (*WORTH, float(number)))
    expected = list(range(count))[-room:]
    kept = latest.all()
    assert kept.rows[:, 0].tolist() == kept.owners.tolist() == kept.rewards.tolist() == expected
    assert kept.parts.shape == (len(expected), PARTS)
    again = Latest(room, 1)
    again.go_on_from(kept)
    assert again.all().owners.tolist() == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 1)), max_size=12))
def test_an_answer_is_found_again_by_its_row_action_and_worth(
    answers: list[tuple[int, int, int]],
) -> None:
    """Of several the oldest; of none of that worth the oldest that comes nearest."""
    latest = Latest(8, 2)
    for row, owner, worth in answers:
        latest.keep(np.array([1, row], np.float32), owner, (*WORTH, float(worth)))
    order = latest.order().tolist()
    same = [nth for nth, (row, owner, _) in enumerate(answers[-8:]) if (row, owner) == (2, 1)]
    same.sort(key=lambda nth: (answers[-8:][nth][2] != 1, nth))
    found = latest.like(np.array([1, 2], np.float32), 1, 1.0)
    assert found == (order[same[0]] if same else None)


@given(st.lists(st.floats(width=64)))
def test_a_row_is_kept_as_far_as_float32_holds_it(numbers: list[float]) -> None:
    x = np.array(numbers, np.float64)
    expected = x.clip(-1e38, 1e38).astype(np.float32)
    assert np.array_equal(as_kept(x), expected, equal_nan=True)
