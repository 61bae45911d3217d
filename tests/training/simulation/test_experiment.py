"""Policies in real engines, in process, by a clock that is the simulation's."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.directory import check_directory
from engine.errors import Misconfigured
from engine.situation import Live
from training.simulation.experiment import ONLINE, ORACLE, RANDOM, TRAINED, Plan, experiment
from training.simulation.findings import findings
from training.simulation.inprocess import in_process, write
from training.simulation.playing import Run, Shown, Worth, play
from training.simulation.policies import random
from training.simulation.small import small_world
from training.simulation.world import DAY, World, visits

PLAN = Plan(visits=250, days=20, history=400)


@pytest.fixture(scope="module")
def world() -> World:
    return small_world(25, 1)


@pytest.fixture(scope="module")
def runs(world: World) -> dict[str, Run]:
    return {run.policy: run for run in experiment(world, PLAN, (RANDOM, TRAINED, ORACLE), 1)}


def test_who_knows_the_truth_does_best_and_chance_worst(runs: dict[str, Run]) -> None:
    worth = {name: run.worth.sum() for name, run in runs.items()}
    assert worth[ORACLE] > worth[TRAINED] > worth[RANDOM]


def test_regret_is_what_the_oracle_had_more_and_relative_to_chances(runs: dict[str, Run]) -> None:
    found = findings("", 20, list(runs.values()), RANDOM, ORACLE)
    trained, chance, oracle = (found.of(name) for name in (TRAINED, RANDOM, ORACLE))
    assert trained.regret
    assert trained.relative
    assert trained.uplift
    lost = runs[ORACLE].worth.sum() - runs[TRAINED].worth.sum()
    whole = runs[ORACLE].worth.sum() - runs[RANDOM].worth.sum()
    assert trained.regret.mean == pytest.approx(lost)
    assert trained.relative.mean == pytest.approx(lost / whole)
    gain = runs[TRAINED].worth.sum() / runs[RANDOM].worth.sum() - 1
    assert trained.uplift.mean == pytest.approx(gain)
    assert (oracle.curve[-1].mean, chance.relative and chance.relative.mean) == (0.0, 1.0)


def test_the_oracle_promises_the_truth_and_others_do_not(runs: dict[str, Run]) -> None:
    assert runs[ORACLE].promised == pytest.approx(runs[ORACLE].true)
    assert not np.allclose(runs[TRAINED].promised, runs[TRAINED].true)
    found = findings("", 20, list(runs.values()), RANDOM, ORACLE)
    known, told = found.of(ORACLE).learned, found.of(TRAINED).learned
    assert known
    assert told
    assert (known.in_order, known.distance) == (1.0, 0.0)
    assert 0.5 < told.in_order < 1.0
    assert found.of(RANDOM).learned is None  # it promises the same of everything


def test_the_same_seed_plays_the_same_game_to_the_last_draw(world: World) -> None:
    plan = replace(PLAN, visits=60, days=5)
    first, again = (next(experiment(world, plan, (ONLINE,), 7)) for _ in range(2))
    assert first.log == again.log
    assert np.array_equal(first.promised, again.promised)
    assert next(experiment(world, plan, (ONLINE,), 8)).log != first.log


def test_a_simulated_learner_is_told_what_to_expect_as_one_that_serves_is(world: World) -> None:
    """Else whatever was not tried yet would be worth nothing to it."""
    run = next(experiment(world, replace(PLAN, visits=31, days=5), (ONLINE,), 7))
    shown = {row["action"] for row in run.log}
    untried = [number for number, name in enumerate(world.actions) if name not in shown]
    assert untried
    assert run.promised[:, untried] == pytest.approx(0.05, abs=0.03)


def test_what_is_learned_as_it_goes_beats_chance() -> None:
    world = small_world(40, 3)
    plan = Plan(visits=600, days=60, history=400)
    found = {
        run.policy: run.worth[-300:].mean() for run in experiment(world, plan, (RANDOM, ONLINE), 3)
    }
    assert found[ONLINE] > 1.1 * found[RANDOM]


def shown_by(world: World, live: Live | None, home: Path, *, frozen: bool) -> list[Shown]:
    with in_process(world, home, 1, frozen=frozen) as house:
        house.welcome(world.people)
        house.live = live or random(house.catalogue)
        return list(play(world, visits(world, 300, 40, 1), house))


def test_caps_hold_by_the_simulations_own_clock(tmp_path: Path) -> None:
    few = small_world(3, 1)
    days: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for one in shown_by(few, None, tmp_path, frozen=False):
        if one.offer.action:
            days[one.person.customer_id, one.offer.action].append(one.visit.day)
    assert max(map(len, days.values())) > 3  # weeks pass, and it may be shown again
    for seen in days.values():
        assert all(later - earlier >= 7 for earlier, later in zip(seen, seen[3:], strict=False))


def test_a_clock_that_stands_still_lets_no_cap_go(tmp_path: Path) -> None:
    few = small_world(3, 1)
    rows = shown_by(few, None, tmp_path, frozen=True)
    assert sum(bool(one.offer.action) for one in rows) <= 3 * 8 * 3


def test_worth_that_depends_on_the_customer_is_refused(tmp_path: Path, world: World) -> None:
    dear = world.files["catalogue.yaml"].replace(
        b'"value": 4.0', b'"value": "customer.spend * 0.1"'
    )
    write({"catalogue.yaml": dear}, tmp_path)
    with pytest.raises(Misconfigured, match="'isa' is worth depends on the customer"):
        Worth(check_directory(tmp_path), world)


def test_days_are_simulated_not_lived(runs: dict[str, Run]) -> None:
    times = [int(str(row["at"])) for row in runs[RANDOM].log]
    assert times[-1] - times[0] > 19 * DAY
