"""A challenger decides for its share of customers."""

from __future__ import annotations

import msgspec
import pytest

from engine.bootstrap import Application
from engine.domain import Contact, Contacts, Label
from engine.models.beta import UNTRAINED
from engine.models.features import Feature, Number
from engine.models.kinds import parse_model
from engine.models.logistic import LogisticArtefact
from engine.registry import Registry
from engine.situation import bound
from engine.wire.customers import CustomerPatchBody
from tests.builders import NOW, catalogue, customer
from tests.decide.deciding import decided
from tests.services.routing.versions import a_rate, decide, served_by

DAY = 86_400_000
LATE = Feature("calls", "history.count", Number(), event="call", within=400 * DAY)


def test_a_challenger_decides_for_its_share_and_the_record_names_it(
    house: Application, registry: Registry
) -> None:
    challenger = a_rate(registry, 0.3)
    registry.promote("propensity", challenger, "challenger", 0.3)
    house.served.look()
    replies = [decide(house, f"c-{n}") for n in range(100)]
    theirs = [one for one in replies if one.versions.models["propensity"] == challenger]
    assert 15 < len(theirs) < 45
    for reply in replies:
        (chosen,) = reply.placements[0].actions
        expected = 0.3 if reply in theirs else 0.1
        assert chosen.propensity == pytest.approx(expected, abs=0.01)
    assert all(house.records.replay(one.decision_id).identical for one in replies)


def test_every_customer_keeps_the_version_it_had_while_the_share_grows(
    house: Application, registry: Registry
) -> None:
    challenger = a_rate(registry, 0.3)
    registry.promote("propensity", challenger, "challenger", 0.2)
    house.served.look()
    before = served_by(house, range(60))
    assert served_by(house, range(60)) == before
    registry.promote("propensity", challenger, "challenger", 0.5)
    house.served.look()
    after = served_by(house, range(60))
    assert {one for one, by in before.items() if by == challenger} < {
        one for one, by in after.items() if by == challenger
    }


def test_a_merged_customer_is_decided_for_by_the_survivor_s_version(
    house: Application, registry: Registry
) -> None:
    registry.promote("propensity", a_rate(registry, 0.3), "challenger", 0.5)
    house.served.look()
    before = served_by(house, range(12))
    champion = registry.resolve("propensity")
    ours = [customer for customer, by in before.items() if by == champion]
    theirs = [customer for customer, by in before.items() if by != champion]
    pairs = [(ours[0], theirs[0]), (theirs[1], ours[1])]
    for one, other in pairs:
        for named in (one, other):
            survivor = house.linking.link(named, f"email:{one}@y.z").customer_id
        assert survivor in (one, other)
        for named in (one, other):
            assert decide(house, named).versions.models["propensity"] == before[survivor]


def test_replay_is_identical_after_the_challenge_is_over(
    house: Application, registry: Registry
) -> None:
    registry.promote("propensity", a_rate(registry, 0.3), "challenger", 1.0)
    house.served.look()
    made = decide(house, "c-1")
    registry.roll_back("propensity")
    house.served.look()
    assert decide(house, "c-2").versions.models == {"propensity": "untrained"}
    assert house.records.replay(made.decision_id).identical


def test_who_refused_personalisation_gets_the_prior_whoever_would_decide(
    house: Application, registry: Registry
) -> None:
    registry.promote("propensity", a_rate(registry, 0.3), "challenger", 1.0)
    house.served.look()
    house.customers.change("c-1", CustomerPatchBody(consent={"personalisation": "denied"}))
    (chosen,) = decide(house, "c-1").placements[0].actions
    assert chosen.propensity == pytest.approx(0.05)


def test_memory_goes_as_far_back_as_any_model_beside_the_champion_looks(
    house: Application, registry: Registry
) -> None:
    far = msgspec.json.encode(LogisticArtefact((LATE,), 0.0, (0.1,)))
    digest = registry.publish("propensity", "logistic", far)
    for alias in ("challenger", "shadow"):
        registry.promote("propensity", digest, alias)
        house.served.look()
        assert house.served.live.catalogue.retention == 400 * DAY
        made = decide(house, "c-1")
        assert house.records.replay(made.decision_id).identical
        registry.end("propensity", alias)
        house.served.look()
        assert house.served.live.catalogue.retention < 400 * DAY


def test_what_a_decision_remembers_depends_on_no_model_beside_it() -> None:
    """Else it could not be made again from its own record."""
    source = catalogue(strategy={"exploration": {"method": "none"}, "attribution": "7d"})
    far = parse_model("logistic", msgspec.json.encode(LogisticArtefact((LATE,), 0.0, (0.1,))))
    label = Label("fibre", "offer", "", "web", "home.hero")
    old = Contacts((label,), (Contact(NOW - 100 * DAY, 0, "1" * 32),))
    alone, beside = (
        decided(customer(contacts=old), bound(source, UNTRAINED, others)) for others in ((), (far,))
    )
    assert alone.contacts is not None
    assert alone.contacts == beside.contacts
