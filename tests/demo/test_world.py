"""The grocer's world to simulate in: its catalogue shows nothing of which the truth is unknown."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from demo.households import Household
from demo.offers import OFFERS
from demo.world import CATALOGUE, Grown
from engine.directory import check_directory
from engine.domain import Status, Value
from training.simulation.experiment import ORACLE, RANDOM, Plan, experiment
from training.simulation.playing import Worth
from training.simulation.world import World

AGREED: Mapping[str, Status] = {"marketing": "granted", "personalisation": "granted"}
SHOPS: Mapping[str, Value] = {
    "spend_12w": 400.0,
    "trips_12w": 20,
    "basket_spend": 60.0,
    "buys": ["good-dog"],
}


@pytest.fixture
def world() -> World:
    people = [Household(f"h-{number}", SHOPS, AGREED) for number in range(5)]
    tastes = np.full((5, len(OFFERS)), -5.0)
    tastes[:, OFFERS.index("good-dog")] = 1.0
    return Grown(people, tastes, b"").world(1)


def test_whatever_the_placement_may_show_has_a_truth_and_a_worth(world: World) -> None:
    catalogue = check_directory(CATALOGUE)
    shown = {catalogue.actions[n].id for n in catalogue.placements[world.placement].treatments}
    assert shown == set(world.actions)
    Worth(catalogue, world)


def test_the_demos_engine_plays_in_it_and_who_knows_the_truth_gains(world: World) -> None:
    plan = Plan(visits=60, days=40, history=1)
    chance, oracle = experiment(world, plan, (RANDOM, ORACLE), 1)
    assert not chance.fallback.any()
    assert oracle.worth.sum() > 2 * chance.worth.sum()


def test_seasons_and_tastes_are_the_seeds_and_people_are_not() -> None:
    grown = Grown([], np.zeros((0, len(OFFERS))), b"")
    assert not np.array_equal(grown.world(1).drifts, grown.world(2).drifts)
    assert grown.world(1).files == grown.world(2).files
