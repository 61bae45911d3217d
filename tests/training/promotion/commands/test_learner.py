"""The learner, promoted, refused as a challenger of itself, and gone back to."""

from __future__ import annotations

from random import Random

import msgspec
import numpy as np
import pytest

from engine.models.features import Category, Feature
from engine.models.online.learner import Learner
from engine.store import Store
from tests.training.houses import NAMES, PLANS, RATES
from tests.training.promotion.commands.house import House, lived


def test_the_learner_s_latest_may_be_promoted_for_good(house: House) -> None:
    first = house.publish()
    house.registry.promote("propensity", first, "learned")
    done = house.promote("learned", "--acknowledge", "no-evidence")
    assert done.exit_code == 0, done.output
    second = house.publish(number=2)
    house.registry.promote("propensity", second, "learned")
    assert house.registry.resolve("propensity") == second


@pytest.mark.parametrize("alias", ["challenger", "shadow"])
def test_the_learner_is_no_challenger_of_itself_and_that_is_said_before_anything_is_judged(
    house: House, alias: str
) -> None:
    first = house.publish()
    house.registry.promote("propensity", first, "learned")
    done = house.promote("learned", "--alias", alias, "--acknowledge", "no-evidence")
    assert (done.exit_code, done.output) == (
        1,
        f"Error: the learner decides for everybody already: as {alias} it would be held against "
        "itself; promote another version\n",
    )
    assert house.registry.table("propensity").versions() == {"learned": first}


def test_a_rollback_to_the_learner_says_that_it_is_the_learner(house: House) -> None:
    first = house.publish()
    house.registry.promote("propensity", first, "learned")
    house.registry.promote("propensity", house.publish(number=2))
    assert house.run("rollback").output == (
        f"there was no champion before that one\npropensity: the learner, whose latest is {first}\n"
    )


def test_a_learner_is_promoted_by_the_decisions_that_its_snapshots_had_not_heard_of(
    house: House, store: Store
) -> None:
    learner, rng = Learner((Feature("plan", "customer.plan", Category(PLANS)),)), Random(5)
    learner.know(house.world.catalogue.actions)
    for _ in range(3):
        for _ in range(3_000):
            plan, name = rng.choice(PLANS), rng.choice(NAMES)
            columns = np.array([float(plan == one) for one in PLANS])
            learner.expand.see(columns)
            learner.learn(columns, name, float(rng.random() < RATES[plan][name]))
        artefact = msgspec.json.encode(learner.snapshot())
        said = {"at": house.world.now, "answers": 9_000}
        snapshot = house.registry.publish("propensity", "online", artefact, said)
        lived(house, store, 300)
    house.registry.promote("propensity", house.publish(0.5))
    house.registry.promote("propensity", snapshot, "learned")
    done = house.promote("learned")
    assert done.exit_code == 0, done.output
    assert "propensity learned passes" in done.output
    assert "  snapshots: 3\n" in done.output
    assert "  offers: 900\n" in done.output
    assert house.registry.table("propensity").champion == "learned"
