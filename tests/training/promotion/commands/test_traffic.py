"""`teller promote` and `rollback` on a house's own traffic."""

from __future__ import annotations

import json

from engine.models.kinds import parse_model
from engine.models.verdict import Refusal
from engine.store import Store
from tests.training.houses import knowing
from tests.training.promotion.commands.house import DAY, House, lived
from training.offpolicy.assess import Choices
from training.offpolicy.candidates import Candidate, Candidates
from training.offpolicy.house import assess_traffic
from training.offpolicy.traffic import read_traffic
from training.promotion.earnings import earnings


def test_a_model_that_knows_the_customers_is_promoted_on_own_traffic_and_rolled_back(
    house: House, store: Store
) -> None:
    lived(house, store, 900)
    good, verdict = house.publish(), house.data / "verdict.json"
    done = house.promote(good, "--json", str(verdict))
    assert done.exit_code == 0, done.output
    assert house.registry.resolve("propensity") == good
    assert f"propensity {good} passes, judged against champion untrained" in done.output
    found = json.loads(verdict.read_text())
    assert (
        found["figures"]["value of a decision"] > found["figures"]["value of a decision, champion"]
    )
    back = house.run("rollback")
    assert back.output == (
        "there was no champion before that one\n"
        "propensity: no model: every propensity is the prior's\n"
    )
    assert "champion" not in house.registry.aliases("propensity")
    assert house.run("rollback").exit_code == 1


def test_a_bad_model_is_refused_with_status_3_and_nothing_changes(
    house: House, store: Store
) -> None:
    lived(house, store, 900)
    bad = house.publish(-1.0)
    done = house.promote(bad)
    assert done.exit_code == 3
    for reason in ("inverted", "worse", "earns-less"):
        assert f"  {reason}: " in done.output
    assert house.registry.aliases("propensity") == {}
    assert house.promote(bad, "--acknowledge", "inverted").exit_code == 1


def test_a_challenger_is_judged_as_a_champion_is_and_gets_its_share(
    house: House, store: Store
) -> None:
    lived(house, store, 900)
    good = house.publish()
    done = house.promote(good, "--alias", "challenger", "--share", "0.2")
    assert done.exit_code == 0, done.output
    assert f"challenger {good} on 20% of customers" in done.output
    assert house.registry.table("propensity").routing().share == 0.2
    ended = house.run("rollback", "--alias", "challenger")
    assert "challenger" not in ended.output
    assert house.promote(house.publish(-1.0), "--alias", "shadow").exit_code == 0


def test_what_a_model_has_learnt_from_is_no_evidence_for_it(house: House, store: Store) -> None:
    lived(house, store, 600)
    seen = house.publish(at=house.world.now + 1)
    done = house.promote(seen)
    assert done.exit_code == 3
    assert "  no-evidence: nothing recent to judge it by: 0 offers" in done.output


def test_what_the_champion_has_learnt_from_is_no_evidence_for_it(
    house: House, store: Store
) -> None:
    lived(house, store, 600)
    house.registry.promote("propensity", house.publish(at=house.world.now + 1))
    done = house.promote(house.publish(at=house.world.now - 1_000 * DAY))
    assert done.exit_code == 3
    assert "  no-evidence: nothing recent to judge it by: 0 offers" in done.output


def test_a_house_without_traffic_promotes_what_somebody_answers_for(house: House) -> None:
    good = house.publish()
    done = house.promote(good)
    assert done.exit_code == 3
    assert "no-evidence" in done.output
    assert house.promote(good, "--acknowledge", "no-evidence").exit_code == 0
    assert house.registry.resolve("propensity") == good


def test_a_policy_that_earns_less_is_told_from_one_nobody_can_tell(
    house: House, store: Store
) -> None:
    house.world.live_through(900)
    candidates = Candidates(house.catalogue, house.registry)
    knows, turned, none = (
        candidates.of_model(name, parse_model("logistic", artefact))
        for name, artefact in (("k", knowing()), ("t", knowing(-1.0)), ("n", knowing(0.0)))
    )
    traffic = read_traffic(store.log, now=house.world.now + 8 * DAY, window=7 * DAY, most=900)

    def found(ours: Candidate, theirs: Candidate, decisions: int = 900) -> list[Refusal]:
        some = traffic._replace(decisions=traffic.decisions[:decisions])
        return list(earnings(assess_traffic(some, [ours], [theirs], Choices(resamples=200)), {}))

    assert not found(knows, none)
    assert [one.reason for one in found(turned, knows)] == ["earns-less"]
    (unknown,) = found(turned, none, 110)
    assert unknown.reason == "unproven"
    (silent,) = found(knows, none, 60)
    assert silent.reason == "unproven"
    assert "what it would earn is not known" in silent.text
    assert "--alias challenger --share 0.05 --acknowledge unproven" in silent.text
