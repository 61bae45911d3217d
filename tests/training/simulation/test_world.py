"""The truth: seasons come and go, drift stays, and an answer is the visit's own."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from training.simulation.small import YEAR, small_world
from training.simulation.world import DAY, START, Visit, answers, visits

WORLD = small_world(20, 1)


def test_a_season_is_over_in_a_year_and_drift_is_not() -> None:
    still = replace(WORLD, drifts=np.zeros(8))
    assert still.truth(3, YEAR) == pytest.approx(still.truth(3, 0.0))
    assert not np.allclose(still.truth(3, YEAR / 4), still.truth(3, 0.0))
    drifting = replace(WORLD, seasons=np.zeros((8, 2)))
    before, after = (np.log(p / (1 - p)) for p in (drifting.truth(3, 0.0), drifting.truth(3, YEAR)))
    assert after - before == pytest.approx(WORLD.drifts)


def test_people_differ_in_what_the_engine_is_not_told() -> None:
    twins = replace(WORLD, people=[WORLD.people[0], WORLD.people[0]])
    assert not np.allclose(twins.truth(0, 0.0), twins.truth(1, 0.0))


def test_visits_come_in_order_of_time_within_their_days_and_by_the_seed() -> None:
    stream = list(visits(WORLD, 500, 10, seed=4))
    assert all(one.at <= other.at for one, other in pairwise(stream))
    assert START <= stream[0].at <= stream[-1].at < START + 10 * DAY
    assert stream == list(visits(WORLD, 500, 10, seed=4))
    assert stream != list(visits(WORLD, 500, 10, seed=5))


def test_an_answer_depends_on_the_visit_and_the_action_alone_and_comes_as_often_as_said() -> None:
    found = [answers(Visit(f"v{n}", 0, START), "isa", 0.3) for n in range(4000)]
    assert found == [answers(Visit(f"v{n}", 5, START + DAY), "isa", 0.3) for n in range(4000)]
    assert np.mean(found) == pytest.approx(0.3, abs=0.02)


def test_a_world_is_its_seeds() -> None:
    assert np.array_equal(small_world(20, 1).tastes, WORLD.tastes)
    assert not np.array_equal(small_world(20, 2).tastes, WORLD.tastes)
