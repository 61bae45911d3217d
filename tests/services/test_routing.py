"""A challenger and a shadow beside the champion that serves."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from engine.bootstrap import Application, assemble
from engine.domain import Contact, Contacts, Label
from engine.errors import ModelRefused
from engine.models.beta import UNTRAINED, BetaArtefact, Tally
from engine.models.features import Feature, Number
from engine.models.kinds import parse_model
from engine.models.logistic import LogisticArtefact
from engine.registry import Registry
from engine.services import shadow as shadow_room
from engine.services.shadow import AT_ONCE
from engine.settings import Settings
from engine.situation import bound
from engine.store import Store
from engine.wire.customers import CustomerPatchBody
from engine.wire.decisions import read_decision
from engine.wire.replies import DecisionReply
from tests.builders import NOW, catalogue, customer
from tests.decide.deciding import decided
from tests.http.catalogue import CATALOGUE

DAY = 86_400_000
LATE = Feature("calls", "history.count", Number(), event="call", within=400 * DAY)


@pytest.fixture
def house(store: Store, tmp_path: Path) -> Application:
    directory = tmp_path / "catalogue"
    directory.mkdir()
    (directory / "catalogue.yaml").write_text(CATALOGUE)
    return assemble(Settings(directory, tmp_path / "data"), store)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, a shadow compares all it may."""
    monkeypatch.setattr(shadow_room, "AT_MOST", 60.0)


@pytest.fixture
def registry(house: Application, store: Store, tmp_path: Path) -> Registry:
    """The house's models, with a champion."""
    registry = Registry(tmp_path / "data", store)
    registry.promote("propensity", a_rate(registry, 0.1))
    house.served.look()
    return registry


def a_rate(registry: Registry, rate: float) -> str:
    """A version that gives every offer about this propensity."""
    artefact = BetaArtefact(kind={"offer": Tally(1e6, rate * 1e6)})
    return registry.publish("propensity", "beta", msgspec.json.encode(artefact))


def decide(house: Application, customer: str) -> DecisionReply:
    house.customers.change(customer, CustomerPatchBody({"plan": "basic"}, {"marketing": "granted"}))
    body = {"customer": {"id": customer}, "channel": "web", "placements": [{"id": "home.hero"}]}
    return house.decisions.answer(read_decision(msgspec.json.encode(body)), None, False)


def served_by(house: Application, customers: range) -> dict[str, str]:
    replies = {f"c-{n}": decide(house, f"c-{n}") for n in customers}
    return {customer: reply.versions.models["propensity"] for customer, reply in replies.items()}


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


def test_a_challenger_that_does_not_load_is_left_out_and_stops_no_rollback(
    house: Application, registry: Registry, tmp_path: Path
) -> None:
    bad = a_rate(registry, 0.4)
    registry.promote("propensity", bad, "challenger", 1.0)
    registry.promote("propensity", bad, "shadow")
    (tmp_path / "data/models/propensity" / bad[7:] / "artefact").write_bytes(b"{}")
    with capture_logs() as said:
        house.served.look()
    assert [line["event"] for line in said[:2]] == ["challenger left out", "shadow left out"]
    assert decide(house, "c-1").versions.models["propensity"] == registry.resolve("propensity")
    registry.roll_back("propensity")
    house.served.look()
    assert decide(house, "c-1").versions.models == {"propensity": "untrained"}


def test_a_shadow_scores_what_was_decided_and_touches_no_answer(
    house: Application, registry: Registry
) -> None:
    before = decide(house, "c-1").placements[0].actions[0]
    registry.promote("propensity", a_rate(registry, 0.4), "shadow")
    house.served.look()
    after = decide(house, "c-2").placements[0].actions[0]
    assert (after.propensity, after.priority) == (before.propensity, before.priority)
    assert "teller_shadow_scored_total{" not in figures(house)
    house.served.look()
    assert 'teller_shadow_scored_total{favourite="same"} 1.0' in figures(house)
    assert "teller_shadow_difference_count 1.0" in figures(house)


def test_a_shadow_costs_the_same_however_much_is_decided(
    house: Application, registry: Registry
) -> None:
    registry.promote("propensity", a_rate(registry, 0.4), "shadow")
    house.served.look()
    for number in range(AT_ONCE + 20):
        decide(house, f"c-{number % 5}")
    house.served.look()
    assert f"teller_shadow_difference_count {AT_ONCE}.0" in figures(house)


def test_a_shadow_that_takes_long_compares_fewer(
    house: Application, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_room, "AT_MOST", 0.0)
    registry.promote("propensity", a_rate(registry, 0.4), "shadow")
    house.served.look()
    for number in range(5):
        decide(house, f"c-{number}")
    house.served.look()
    house.served.look()
    assert "teller_shadow_difference_count 1.0" in figures(house)


def test_what_a_shadow_saw_is_told_in_the_log(
    house: Application, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_room, "TOLD_EVERY", 2)
    digest = a_rate(registry, 0.4)
    registry.promote("propensity", digest, "shadow")
    house.served.look()
    for named in ("c-1", "c-2"):
        decide(house, named)
    with capture_logs() as said:
        house.served.look()
    (line,) = said
    assert (line["event"], line["version"], line["scored"]) == ("shadow", digest, 2)
    assert line["mean_above"] == pytest.approx(line["mean_difference"], abs=0.01)


def test_with_no_shadow_the_model_itself_scores(house: Application, registry: Registry) -> None:
    bound = house.served.live.scorer
    assert type(bound).__name__ == "BetaScorer"
    assert house.served.live.route is None
    assert registry.table("propensity").routing().challenger is None


def test_the_figures_say_which_version_serves_with_which_share(
    house: Application, registry: Registry
) -> None:
    champion, challenger = registry.resolve("propensity"), a_rate(registry, 0.3)
    registry.promote("propensity", challenger, "challenger", 0.25)
    house.served.look()
    share = 'teller_model_share{role="%s",version="%s"} %s'
    assert share % ("champion", champion, 0.75) in figures(house)
    assert share % ("challenger", challenger, 0.25) in figures(house)
    (model,) = house.standing.models().models
    assert (model.serving, model.share) == (champion, 0.25)
    assert model.aliases == {"champion": champion, "challenger": challenger}
    registry.promote("propensity", challenger)
    house.served.look()
    assert share % ("champion", champion, 0.0) in figures(house)
    assert share % ("champion", challenger, 1.0) in figures(house)
    (model,) = house.standing.models().models
    assert (model.share, model.previous) == (0.0, [champion])


def test_a_learner_s_many_snapshots_are_one_line_of_the_figures(
    house: Application, registry: Registry
) -> None:
    for rate in (0.2, 0.3, 0.4):
        registry.promote("propensity", a_rate(registry, rate), "learned")
        house.served.look()
    assert figures(house).count('teller_model_share{role="shadow"') == 1
    assert 'teller_model_share{role="shadow",version="learned"} 0.0' in figures(house)


def test_a_lost_snapshot_of_the_learner_keeps_no_house_closed(
    house: Application, store: Store, tmp_path: Path
) -> None:
    data, registry = tmp_path / "data", Registry(tmp_path / "data", store)
    lost = a_rate(registry, 0.2)
    registry.promote("propensity", lost, "learned")
    (data / "models/propensity" / lost[7:] / "artefact").write_bytes(b"{}")
    with capture_logs() as said:
        opened = assemble(Settings(tmp_path / "catalogue", data), store)
        opened.served.look()
    assert [line["event"] for line in said] == ["the learner's latest left out"]
    assert decide(opened, "c-1").versions.models == {"propensity": "untrained"}
    registry.promote("propensity", newer := a_rate(registry, 0.3), "learned")
    opened.served.look()
    assert decide(opened, "c-2").versions.models == {"propensity": newer}


def test_a_house_whose_promoted_champion_is_damaged_does_not_open(
    registry: Registry, store: Store, tmp_path: Path
) -> None:
    champion = registry.resolve("propensity")
    path = tmp_path / "data/models/propensity" / champion[7:] / "artefact"
    path.write_bytes(b"{}")
    with pytest.raises(ModelRefused, match="not what was published"):
        assemble(Settings(tmp_path / "catalogue", tmp_path / "data"), store)


def figures(house: Application) -> str:
    return house.metrics.exposition().decode()
