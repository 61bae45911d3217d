"""What policies would have earned on the house's own decisions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from engine.cli import main
from engine.domain import Interaction
from engine.errors import NotFound
from engine.models.kinds import parse_model
from engine.record import InteractionRecord, VoidRecord
from engine.registry import Registry
from engine.store import Store
from tests.builders import action
from tests.training.houses import (
    DAY,
    NAMES,
    PLANS,
    World,
    earned_by,
    explored,
    for_each_plan,
    knowing,
    write_catalogue,
)
from tests.training.pages import ragged
from training.offpolicy.assess import Choices
from training.offpolicy.candidates import Candidates
from training.offpolicy.house import assess_traffic
from training.offpolicy.traffic import Traffic, read_traffic

BEST = dict(zip(PLANS, ("a", "b"), strict=True))
MOST = 100_000
CHOICES = Choices(resamples=200)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write_catalogue(tmp_path / "catalogue")


@pytest.fixture
def world(store: Store, directory: Path) -> World:
    return World(store, directory)


@pytest.fixture
def candidates(tmp_path: Path, directory: Path) -> Candidates:
    return Candidates(directory, Registry(tmp_path / "data"))


def traffic(store: Store, world: World) -> Traffic:
    return read_traffic(store.log, now=world.now + 8 * DAY, window=7 * DAY, most=MOST)


def test_the_very_catalogue_that_served_is_worth_what_was_observed(
    store: Store, world: World, candidates: Candidates, directory: Path
) -> None:
    world.live_through(600)
    same = candidates.named(f"catalogue:{directory}")
    (policy,) = assess_traffic(traffic(store, world), [same], [], CHOICES).policies
    observed = float(np.mean(world.earned))
    for estimator in ("ips", "snips"):
        assert policy.estimates[estimator].value == pytest.approx(observed, abs=1e-12)
    assert policy.value.value == pytest.approx(observed, abs=0.005)
    assert policy.overlap.effective_rows == pytest.approx(600)


def test_what_was_logged_is_said_to_be_so_and_never_better_or_worse_than_itself(
    store: Store, world: World, candidates: Candidates, directory: Path, tmp_path: Path
) -> None:
    world.live_through(300)
    bolder = write_catalogue(
        tmp_path / "bolder", strategy={"exploration": {"method": "epsilon", "floor": 0.9}}
    )
    same, other = (candidates.named(f"catalogue:{one}") for one in (directory, bolder))
    found = assess_traffic(traffic(store, world), [other], [same], CHOICES)
    assert [set(one.gains) for one in found.everyone] == [{same.name}, set()]
    assert found.text().count("this is what was logged") == 1
    assert found.html("").count("This is what was logged") == 1
    turned = assess_traffic(traffic(store, world), [same], [other], CHOICES)
    assert [set(one.gains) for one in turned.everyone] == [{other.name}, {"logged"}]


def test_a_catalogue_known_to_be_better_is_found_better_and_its_interval_holds_the_truth(
    store: Store, world: World, candidates: Candidates, tmp_path: Path
) -> None:
    world.live_through(1800)
    better = write_catalogue(tmp_path / "better", actions=for_each_plan())
    named = candidates.named(f"catalogue:{better}")
    found = assess_traffic(traffic(store, world), [named], [], CHOICES)
    (policy,) = found.policies
    truth = earned_by({plan: explored(BEST[plan], (BEST[plan], "c")) for plan in PLANS})
    before = earned_by({plan: explored("a") for plan in PLANS})
    assert policy.by == "doubly robust"
    assert policy.value.low < truth < policy.value.high
    assert found.logged.low < before < found.logged.high
    assert policy.gains["logged"].low > 0


def test_a_model_that_knows_the_customers_is_found_better_than_none(
    store: Store, world: World, candidates: Candidates
) -> None:
    world.live_through(1800)
    model = parse_model("logistic", knowing())
    worse = parse_model("logistic", knowing(-1.0))
    named = [candidates.of_model("knows", model), candidates.of_model("turned", worse)]
    found = assess_traffic(traffic(store, world), named, [], CHOICES)
    knows, turned = found.policies
    truth = earned_by({plan: explored(BEST[plan]) for plan in PLANS})
    assert knows.value.low < truth < knows.value.high
    assert knows.gains["logged"].low > 0
    assert turned.gains["logged"].high < 0


def test_several_slots_are_a_slate_and_its_own_catalogue_is_worth_what_was_observed(
    store: Store, world: World, candidates: Candidates, directory: Path, tmp_path: Path
) -> None:
    world.live_through(500, slots=2)
    bolder = write_catalogue(
        tmp_path / "bolder", strategy={"exploration": {"method": "epsilon", "floor": 0.9}}
    )
    named = [candidates.named(f"catalogue:{one}") for one in (directory, bolder)]
    found = assess_traffic(traffic(store, world), named[:1], named[1:], CHOICES)
    (same,), (other,) = found.policies, found.baselines
    assert same.by == "cascade"
    assert same.value.value == pytest.approx(float(np.mean(world.earned)), abs=1e-12)
    assert same.overlap.effective_rows == pytest.approx(500)
    assert set(same.gains) == {other.name}


def test_what_the_log_is_silent_on_is_refused(
    store: Store, candidates: Candidates, tmp_path: Path
) -> None:
    narrow = write_catalogue(
        tmp_path / "narrow",
        strategy={"exploration": {"method": "none"}, "positive": {"accept": 1.0}},
    )
    world = World(store, narrow)
    world.live_through(300)
    model = parse_model("logistic", knowing(-1.0))
    only_b = candidates.of_model("turned", model)
    (policy,) = assess_traffic(traffic(store, world), [only_b], [], CHOICES).policies
    assert policy.refused


def test_what_nobody_saw_and_what_is_still_open_is_left_out(store: Store, world: World) -> None:
    world.live_through(6)
    first, second, *others = traffic(store, world).decisions
    world.write("x", VoidRecord(first.decision_id, first.request.customer_id, world.now))
    bounced = Interaction("m", "bounced", world.now, second.decision_id, "a")
    world.write("x", InteractionRecord(second.request.customer_id, bounced, None, world.now))
    left = traffic(store, world).decisions
    assert [one.decision_id for one in left] == [one.decision_id for one in others]
    again = replace(others[0], plan=replace(others[0].plan, repeat="0" * 32))
    world.write("x", replace(again, decision_id="f" * 32))
    assert len(traffic(store, world).decisions) == 4
    latest = read_traffic(store.log, now=world.now + 8 * DAY, window=7 * DAY, most=2)
    assert list(latest.decisions) == list(left[-2:])
    with pytest.raises(NotFound, match="window of all 4 decisions"):
        read_traffic(store.log, now=world.now, window=7 * DAY, most=2)


def test_an_offer_answered_over_and_over_is_worth_one_answer(store: Store, world: World) -> None:
    world.live_through(1)
    (decision,) = traffic(store, world).decisions
    for number in range(50):
        world.write("x", replace(world._answer(decision, "gold"), interaction=Interaction(
            f"again-{number}", "accept", decision.now + number, decision.decision_id, "gold"
        )))  # fmt: skip
    assert traffic(store, world).rewards[decision.decision_id, "gold"] == 1.0


def test_an_answer_after_the_window_earns_nothing(store: Store, world: World) -> None:
    world.live_through(50)
    short = read_traffic(store.log, now=world.now + DAY, window=999, most=MOST)
    assert not short.rewards
    assert sum(traffic(store, world).rewards.values()) == sum(world.earned)


def test_an_empty_log_says_what_is_missing(store: Store) -> None:
    with pytest.raises(NotFound, match="hold no decision"):
        read_traffic(store.log, now=0, window=1, most=1)


def run(data: Path, url: str, *words: str) -> Result:
    house = ["--data", str(data), "--redis", url, "--resamples", "100"]
    return CliRunner().invoke(main, ["evaluate", *house, *words])


def test_the_command_values_catalogues_and_models_on_own_traffic(
    store: Store, world: World, directory: Path, tmp_path: Path, server_url: str
) -> None:
    data = tmp_path / "data"
    digest = Registry(data, store).publish("propensity", "logistic", knowing())
    world.live_through(700)
    better = write_catalogue(tmp_path / "better", actions=for_each_plan())
    named = [f"catalogue:{directory}", f"catalogue:{better}", f"model:propensity@{digest}"]
    words = [word for name in named for word in ("--against", name)]
    report = tmp_path / "report.json"
    done = run(data, server_url, "--catalogue", str(directory), *words, "--json", str(report))
    assert done.exit_code == 0, done.output
    found = json.loads(report.read_text())
    assert [policy["name"] for policy in found["policies"]] == named
    assert [policy["name"] for policy in found["baselines"]] == ["as it is", "no model"]
    assert found["policies"][0]["gains"]["as it is"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert (found["unit"], found["beside"]["unit"]) == ("worth", "rewards")
    rewards = found["beside"]
    assert rewards["logged"]["value"] == pytest.approx(float(np.mean(world.earned)))
    assert [policy["name"] for policy in rewards["policies"]] == named
    assert 2.8 < found["logged"]["value"] / rewards["logged"]["value"] < 3.0  # as offers are worth
    assert "700 decisions of" in done.output


def test_a_policy_that_sells_less_of_more_worth_is_told_from_one_that_is_answered_less(
    store: Store, tmp_path: Path, server_url: str
) -> None:
    """Everybody's favourites are worth 1, `c` is worth 30 and seldom taken."""
    offers = [action("a", value=1.0), action("b", value=1.0), action("c", value=30.0)]
    shop = write_catalogue(tmp_path / "shop", actions=offers)
    same = [action(name, value=1.0) for name in NAMES]
    cheap = write_catalogue(tmp_path / "cheap", actions=same)  # thinks all is worth the same
    registry = Registry(tmp_path / "data", store)
    served = registry.load("propensity", registry.publish("propensity", "logistic", knowing()))
    World(store, shop).live_through(900, served)
    words = ["--catalogue", str(shop), "--against", f"catalogue:{cheap}"]
    report, page = tmp_path / "report.json", tmp_path / "report.html"
    done = run(tmp_path / "data", server_url, *words, "--json", str(report), "--html", str(page))
    assert done.exit_code == 0, done.output
    found = json.loads(report.read_text())
    in_worth, in_rewards = (one["policies"][0]["gains"] for one in (found, found["beside"]))
    assert in_worth["as it is"]["high"] < 0 < in_rewards["as it is"]["low"]
    assert "worth a decision (rewards times what they are worth" in done.output
    assert page.read_text().count("<svg") == 2
    assert "gain in worth" in page.read_text()
    assert ragged(page.read_text()) == []


def test_a_model_of_the_log_that_does_not_load_here_is_named_with_what_to_do(
    store: Store, directory: Path, tmp_path: Path, server_url: str
) -> None:
    registry, world = Registry(tmp_path / "data", store), World(store, directory)
    digest = registry.publish("propensity", "logistic", knowing())
    world.live_through(20, registry.load("propensity", digest))
    (tmp_path / "data/models/propensity" / digest[7:] / "artefact").write_bytes(b"of another time")
    against = ["--catalogue", str(directory), "--against", f"catalogue:{directory}"]
    done = run(tmp_path / "data", server_url, *against)
    assert done.exit_code == 1
    assert f"made with propensity {digest}, which does not load here" in done.output
    assert "--latest N" in done.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--against", "uniform"], "say catalogue:DIR, or model:NAME"),
        (["--against", "catalogue:nowhere"], "'nowhere' is not a directory"),
        (["--against", "model:propensity@champion"], "no champion"),
        (["--against", "model:propensity", "--within", "soon"], "durations are written"),
        (["--against", "model:propensity", "--within", "8d"], "no longer than"),
    ],
)
def test_what_is_wrong_with_the_question_is_said(
    store: Store, directory: Path, tmp_path: Path, server_url: str, words: list[str], said: str
) -> None:
    registry = Registry(tmp_path / "data", store)
    digest = registry.publish("propensity", "logistic", knowing())
    if "--within" in words:
        registry.promote("propensity", digest)
    done = run(tmp_path / "data", server_url, "--catalogue", str(directory), *words)
    assert done.exit_code == 1
    assert said in done.output


def test_with_neither_a_log_nor_a_catalogue_it_says_which_to_give(tmp_path: Path) -> None:
    done = run(tmp_path, "", "--against", "uniform")
    assert "no LOG and no catalogue" in done.output
