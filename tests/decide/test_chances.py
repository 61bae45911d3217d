"""The logged selection probability equals the empirical frequency (I15)."""

from collections import Counter
from math import isfinite

import numpy as np
import pytest

from engine.exploration import METHODS, Posterior, pick
from engine.hashing import uniform
from tests.builders import action, catalogue, customer
from tests.decide.deciding import decided, live, unsure

DECISIONS = 6_000


def test_logged_chances_are_frequencies_slot_by_slot_given_the_earlier_ones() -> None:
    places = [{"id": "home.hero", "channel": "web", "slots": 2}]
    chancy = {"exploration": {"method": "epsilon", "floor": 0.6}}
    offers = [action(name, value=value) for name, value in (("a", 3.0), ("b", 2.0), ("c", 1.0))]
    engine = live(catalogue(actions=offers, placements=places, strategy=chancy))
    slates: Counter[tuple[str, str]] = Counter()
    logged: dict[tuple[str, str], float] = {}
    for number in range(DECISIONS):
        plan = decided(customer(), engine, decision_id=f"{number:032x}")
        first, second = plan.placements[0].actions
        slate = (first.action, second.action)
        chance = first.selection_probability * second.selection_probability
        assert logged.setdefault(slate, chance) == chance
        slates[slate] += 1
    assert abs(sum(logged.values()) - 1.0) < 1e-9
    for slate, chance in logged.items():
        deviation = np.sqrt(chance * (1 - chance) / DECISIONS)
        assert abs(slates[slate] / DECISIONS - chance) < 4 * deviation


def test_exploring_never_passes_a_gate() -> None:
    chancy = {"exploration": {"method": "epsilon", "floor": 1.0}}
    offers = [
        action("fine"),
        action("barred", eligibility=["customer.plan == 'fibre'"]),
        action("worthless", value=0.0),
        action("elsewhere", "email.main"),
    ]
    engine = live(catalogue(actions=offers, strategy=chancy))
    ana = customer(attributes={"plan": "basic"})
    shown = {
        decided(ana, engine, decision_id=f"{number:032x}").placements[0].actions[0].action
        for number in range(200)
    }
    assert shown == {"fine"}


@pytest.mark.parametrize("method", ["epsilon", "igw", "thompson"])
def test_logged_chances_of_every_method_are_what_happens(method: str) -> None:
    """Thompson's chances differ from decision to decision: their sum is what to expect."""
    places = [{"id": "home.hero", "channel": "web", "slots": 2}]
    chancy = {"exploration": {"method": method, "floor": 0.3}}
    offers = [action(name, value=value) for name, value in (("a", 1.1), ("b", 1.0), ("c", 0.9))]
    engine = unsure(live(catalogue(actions=offers, placements=places, strategy=chancy)), 0.3)
    shown: Counter[tuple[int, str]] = Counter()
    inverse: Counter[tuple[int, str]] = Counter()
    for number in range(2_000):
        plan = decided(customer(), engine, decision_id=f"{number:032x}")
        for chosen in plan.placements[0].actions:
            shown[chosen.rank, chosen.action] += 1
            inverse[chosen.rank, chosen.action] += 1 / chosen.selection_probability
    assert len(shown) == 6
    for name in "abc":
        assert inverse[1, name] / 2_000 == pytest.approx(1.0, abs=0.15)


def test_given_its_draws_thompsons_chances_are_frequencies() -> None:
    stakes = np.array([1.0, 1.05, 0.9])
    method, posterior = METHODS["thompson"](0.3), Posterior(np.full(3, 0.4), "one/1")
    chances = method.probabilities(stakes, posterior)
    picks = [pick(chances, uniform(f"{number}", "home/1")) for number in range(20_000)]
    shares = np.bincount(picks, minlength=3) / 20_000
    assert np.abs(shares - chances).max() < 4 * np.sqrt(0.25 / 20_000)


@pytest.mark.parametrize("method", ["igw", "thompson"])
def test_no_method_passes_a_gate(method: str) -> None:
    chancy = {"exploration": {"method": method, "floor": 1.0}}
    offers = [
        action("fine"),
        action("barred", eligibility=["customer.plan == 'fibre'"]),
        action("worthless", value=0.0),
        action("elsewhere", "email.main"),
    ]
    engine = unsure(live(catalogue(actions=offers, strategy=chancy)), 5.0)
    ana = customer(attributes={"plan": "basic"})
    seen = {
        decided(ana, engine, decision_id=f"{number:032x}").placements[0].actions[0].action
        for number in range(200)
    }
    assert seen == {"fine"}


@pytest.mark.parametrize("method", ["epsilon", "igw", "thompson"])
def test_a_value_that_no_number_can_hold_is_a_large_one(method: str) -> None:
    """What a customer's attribute is multiplied by must not make it infinite: no draw, and no
    chance, could be told of that."""
    offers = [action("plain"), action("rich", value="customer.spend_12m", lever=5.0)]
    strategy = {"exploration": {"method": method, "floor": 0.1}}
    engine = unsure(live(catalogue(actions=offers, strategy=strategy)), 0.1)
    chosen = decided(customer(attributes={"spend_12m": 1e308}), engine).placements[0].actions[0]
    assert chosen.action == "rich"
    assert chosen.selection_probability == pytest.approx(0.95)
    assert isfinite(chosen.priority)


@pytest.mark.parametrize("method", ["none", "epsilon", "igw", "thompson"])
@pytest.mark.parametrize("times", [2, 18, 60])
def test_weights_that_no_number_can_hold_together_are_a_large_one(method: str, times: int) -> None:
    much = "customer.spend_12m"
    offers = [action("plain"), action("rich", value=much, lever=much)]
    weigh = {"when": "customer.spend_12m > 0.0", "action": "rich", "weight": 1e6}
    strategy = {
        "weights": {"company": 1e6},
        "context_weights": [weigh] * times,
        "exploration": {"method": method, "floor": 0.0 if method == "none" else 0.1},
    }
    engine = unsure(live(catalogue(actions=offers, strategy=strategy)), 0.1)
    with np.errstate(all="raise"):
        plan = decided(customer(attributes={"spend_12m": 1e308}), engine)
    chosen = plan.placements[0].actions[0]
    assert chosen.action == "rich"
    assert isfinite(chosen.priority)
    assert chosen.priority >= 0.5 * 1e206 * 1e12
    assert 0.9 < chosen.selection_probability <= 1.0


def _of_rich(weights: list[tuple[str, float]]) -> float:
    """The priority of an action that answers 0.37 of the time, worth 7.3; 0 where it has none."""
    weigh = [{"when": when, "action": "rich", "weight": weight} for when, weight in weights]
    offers = [action("plain"), action("rich", value=7.3)]
    engine = live(catalogue(actions=offers, strategy={"context_weights": weigh}), rich=0.37)
    ranking = decided(customer(attributes={"spend_12m": 5.0}), engine).ranking
    return next((row.priority for row in ranking if row.action == "rich"), 0.0)


def test_weights_that_are_heavy_and_light_together_come_to_what_they_are() -> None:
    heavy = [("customer.spend_12m > 1.0", 1e6)] * 60
    light = [("customer.spend_12m > 2.0", 1e-6)] * 60
    for weights in (heavy + light, light + heavy):
        with np.errstate(all="raise"):
            assert _of_rich(weights) == pytest.approx(7.3 * 0.37)


def test_a_weight_of_nothing_leaves_nothing_however_heavy_the_others() -> None:
    heavy = [("customer.spend_12m > 1.0", 1e6)] * 60
    nothing = [("customer.spend_12m > 2.0", 0.0)]
    for weights in (heavy + nothing, nothing + heavy):
        with np.errstate(all="raise"):
            assert _of_rich(weights) == 0.0


def test_weights_whose_condition_is_false_change_no_digit() -> None:
    """Nor does a replay of what was decided before there were bounds."""
    few = [
        (f"customer.spend_12m > {at}", weight)
        for at, weight in ((1.0, 1.1), (2.0, 1.3), (3.0, 1.7))
    ]
    many = [("customer.spend_12m > 9.0", 1e6)] * 20
    assert _of_rich(few + many) == _of_rich(few)
