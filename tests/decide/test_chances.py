"""The logged selection probability equals the empirical frequency (I15)."""

from collections import Counter

import numpy as np

from tests.builders import action, catalogue, customer
from tests.decide.deciding import decided, live

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
