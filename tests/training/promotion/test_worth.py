"""What a decision earned, as the gate counts it: in the catalogue's unit of value."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from msgspec.structs import replace

from engine.directory import check_directory
from engine.models.kinds import parse_model
from engine.models.logistic import LogisticArtefact
from engine.registry import Registry
from engine.store import Store
from tests.builders import action
from tests.training.houses import World, knowing, write_catalogue
from training.offpolicy.assess import Choices
from training.offpolicy.candidates import Candidates
from training.offpolicy.house import assess_traffic
from training.offpolicy.overlap import overlap
from training.offpolicy.report import Evaluation, Policy
from training.offpolicy.traffic import Traffic, read_traffic
from training.offpolicy.worth import arbitrated, valued
from training.promotion.earnings import earnings
from training.promotion.evidence import of_file
from training.report import Interval

DAY = 86_400_000
STRATEGY = {
    "exploration": {"method": "epsilon", "floor": 0.6},
    "positive": {"accept": 1.0},
    "contact_cost": {"web": 0.25},
    "context_weights": [{"when": "customer.plan == 'plus'", "weight": 2.0}],
}


def lived(store: Store, catalogue: Path, decisions: int) -> Traffic:
    World(store, catalogue).live_through(decisions)
    now = store.load("anyone").now
    return read_traffic(store.log, now=now, window=7 * DAY, most=decisions)


def test_an_answer_is_worth_what_the_engine_arbitrates_and_every_offer_costs_its_contact(
    store: Store, tmp_path: Path
) -> None:
    offers = [action(name, value=value) for name, value in (("a", 3.0), ("b", 5.0), ("c", 7.0))]
    catalogue = write_catalogue(tmp_path / "shop", actions=offers, strategy=STRATEGY)
    traffic = lived(store, catalogue, 200)
    earned = arbitrated(traffic, check_directory(catalogue)).rewards
    values = {"a": 3.0, "b": 5.0, "c": 7.0}
    shown = 0
    for one in traffic.decisions:
        plus = int(one.request.customer_id[2:]) % 2 == 1
        for chosen in one.plan.placements[0].actions:
            shown += 1
            reward = traffic.rewards.get((one.decision_id, chosen.action), 0.0)
            expected = reward * values[chosen.action] * (2.0 if plus else 1.0) - 0.25
            assert earned[one.decision_id, chosen.action] == pytest.approx(expected)
    assert shown == len(earned) == 200


def test_a_model_that_sells_less_of_more_worth_does_not_earn_less(
    store: Store, tmp_path: Path
) -> None:
    """The champion has everybody's favourite accepted; the candidate knows what `c` is worth."""
    offers = [action("a", value=1.0), action("b", value=1.0), action("c", value=30.0)]
    catalogue = write_catalogue(tmp_path / "shop", actions=offers)
    traffic = lived(store, catalogue, 900)
    candidates = Candidates(catalogue, Registry(tmp_path / "data", store))
    knows = msgspec.json.decode(knowing(), type=LogisticArtefact)
    blind = replace(knows, id={**knows.id, "c": replace(knows.id["c"], slopes=(-9.0, -9.0))})
    ours, theirs = (
        candidates.of_model(name, parse_model("logistic", msgspec.json.encode(artefact)))
        for name, artefact in (("knows", knows), ("blind", blind))
    )
    by_answers, by_worth = (
        {one.reason for one in earnings(assess_traffic(some, [ours], [theirs], Choices()), {})}
        for some in (traffic, arbitrated(traffic, candidates.catalogue))
    )
    assert (by_answers, by_worth) == ({"earns-less"}, set())


def test_as_much_as_a_champion_that_costs_more_than_it_sells_is_no_risk() -> None:
    even = overlap(np.ones(1000), np.arange(1000))
    theirs = Policy("champion", even, "ips", {"ips": Interval(-0.2, -0.3, -0.1)}, None, None, {})
    same = replace(theirs, gains={"champion": Interval(0.0, -0.01, 0.01)})
    found = Evaluation(1000, 1000, Interval(-0.2, -0.3, -0.1), (same,), (theirs,))
    assert not list(earnings(found, {}))


def test_on_a_file_an_answer_is_worth_what_the_catalogue_says_of_that_row(tmp_path: Path) -> None:
    offers = [action("a", value="customer.plan == 'plus' ? 5.0 : 2.0"), action("b", value=4.0)]
    weights = {"context_weights": [{"when": "customer.plan == 'plus'", "weight": 2.0}]}
    catalogue = write_catalogue(tmp_path / "shop", actions=offers, strategy=weights)
    (tmp_path / "past.csv").write_text("o,r,p,plan\na,1,0.5,plus\na,1,0.5,basic\nb,0.5,0.5,\n")
    (tmp_path / "mapping.yaml").write_text(
        "{action: o, reward: r, selection_probability: p, customer: [plan]}"
    )
    names = (tmp_path / "past.csv", tmp_path / "mapping.yaml")
    file = of_file(*names, check_directory(catalogue), 0).file
    assert file is not None
    assert valued(file.log, file.worth).rewards.tolist() == [10.0, 2.0, 2.0]


def test_on_a_file_an_answer_is_worth_its_action_s_value(tmp_path: Path) -> None:
    rows = {"offer": ["wine", "fruit"], "said": [1.0, 0.5], "chance": [0.5, 0.5]}
    pd.DataFrame(rows).to_csv(tmp_path / "past.csv", index=False)
    (tmp_path / "mapping.yaml").write_text(
        "{action: offer, reward: said, selection_probability: chance, actions: {wine: {value: 3}}}"
    )
    catalogue = check_directory(write_catalogue(tmp_path / "shop"))
    file = of_file(tmp_path / "past.csv", tmp_path / "mapping.yaml", catalogue, 0).file
    assert file is not None
    assert valued(file.log, file.worth).rewards.tolist() == [3.0, 0.5]
