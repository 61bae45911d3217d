"""A house that learns from its answers, as a caller sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.bootstrap import Application, assemble
from engine.models.beta import UNTRAINED
from engine.models.features import Category, Feature
from engine.models.logistic import LogisticArtefact, Term
from engine.models.routing import LEARNED
from engine.registry import Registry
from engine.services.learning.checkpoints import Checkpoints
from engine.services.learning.resuming import Checkpoint
from engine.situation import PROPENSITY
from engine.store import Store
from tests.http.catalogue import written
from tests.http.conftest import Client, Reply, _settings

TASTES = {"basic": "apples", "fibre": "berries"}
CATALOGUE = """
schema:
  attributes:
    plan: {type: string, enum: [basic, fibre]}
    name: {type: string, personal: true, enum: [ana, rui]}
  purposes: [marketing, personalisation]
actions:
  - id: apples
    kind: offer
    purpose: none
    value: 10.0
    treatments: [{id: a, placement: home.hero, content: {title: Apples}}]
  - id: berries
    kind: offer
    purpose: none
    value: 10.0
    treatments: [{id: b, placement: home.hero, content: {title: Berries}}]
placements:
  - {id: home.hero, channel: web, slots: 2, fallback: {title: Welcome}}
strategy:
  exploration: {method: none}
  positive: {accept: 1.0, click: 0.2}
"""


@pytest.fixture
def catalogue_directory(tmp_path: Path) -> Path:
    return written(tmp_path, CATALOGUE)


def teach(client: Client, customers: int = 40, first: int = 0) -> list[str]:
    """So many customers are offered both, take what their plan likes and turn the other down;
    their decisions."""
    made = []
    for number in range(first, first + customers):
        plan = ("basic", "fibre")[number % 2]
        reply = client.decide(f"c-{number}", attributes={"plan": plan})
        decision = reply.json()["decision_id"]
        rows = [
            {
                "id": f"{number}-{action}",
                "decision_id": decision,
                "action": action,
                "outcome": "accept" if action == TASTES[plan] else "reject",
            }
            for action in ("apples", "berries")
        ]
        assert client.tell(*rows).json()["accepted"] == 2
        made.append(decision)
    return made


def learn(application: Application) -> None:
    """As the two threads of a house do, half a second and a second apart."""
    while application.learning.turn():
        pass
    application.served.look()


def liked(reply: Reply) -> tuple[str, str]:
    """What came first, and the model that said so."""
    answer: dict[str, Any] = reply.json()
    return answer["placements"][0]["actions"][0]["action"], answer["versions"]["models"][PROPENSITY]


def test_a_retry_hands_out_nothing_a_model_chose_for_who_refused_personalisation_since(
    client: Client, application: Application
) -> None:
    before = client.decide("c-0", request_id="r-1").json()
    teach(client)
    learn(application)
    personal = client.decide("c-1", request_id="r-1", attributes={"plan": "fibre"}).json()
    for one in ("c-0", "c-1"):
        no = {"consent": {"personalisation": "denied"}}
        assert client.call("PATCH", f"/v1/customers/{one}", no).status == 200
    assert personal["degraded"] is None
    again = client.decide("c-1", request_id="r-1", attributes={"plan": "fibre"}).json()
    assert (again["degraded"], again["placements"][0]["fallback"]) == ("opted-out", True)
    assert client.decide("c-0", request_id="r-1").json() == before  # no model had looked at them


def test_customers_get_what_their_like_took_and_after_a_restart_still(
    client: Client, application: Application, store: Store, tmp_path: Path
) -> None:
    assert liked(client.decide("before")) == ("apples", UNTRAINED.version)
    teach(client)
    learn(application)
    for plan, action in TASTES.items():
        reply = client.decide(f"new-{plan}", attributes={"plan": plan})
        assert liked(reply)[0] == action
    first = liked(reply)[1]
    assert first != UNTRAINED.version
    again = assemble(_settings(tmp_path / "catalogue", tmp_path), store)
    assert again.served.live.versions[PROPENSITY] == first
    teach(client, first=100)
    application.learning._end()
    learn(again)
    answers = (
        Registry(tmp_path / "data")
        .manifest(PROPENSITY, again.served.live.versions[PROPENSITY])
        .metadata["answers"]
    )
    assert answers == 160 + 6  # the three decisions that nobody answered, of two offers each


def test_a_decision_of_an_earlier_snapshot_is_made_again_to_the_same_bytes(
    client: Client, application: Application
) -> None:
    teach(client)
    learn(application)
    decision = client.decide("c-1").json()["decision_id"]
    teach(client, first=200)
    application.learning._study._published -= 1_000
    learn(application)
    assert len(client.call("GET", "/v1/models").json()["models"][0]["versions"]) >= 2
    replayed = client.call("POST", f"/v1/decisions/{decision}/replay").json()
    assert replayed["identical"], replayed["differences"]


def test_what_is_learned_names_nobody_and_holds_no_personal_attribute(
    client: Client, application: Application, tmp_path: Path
) -> None:
    client.call("PATCH", "/v1/customers/c-0", {"attributes": {"name": "ana"}})
    teach(client)
    learn(application)
    model = application.served.live.versions[PROPENSITY]
    artefact = Registry(tmp_path / "data").artefact(PROPENSITY, model)
    assert b"customer.plan" in artefact
    assert b"customer.name" not in artefact
    assert b"ana" not in artefact


def test_the_metrics_say_what_was_learned_and_when_a_snapshot_was_taken(
    client: Client, application: Application
) -> None:
    teach(client)
    learn(application)
    metrics = client.call("GET", "/metrics").body.decode()
    assert "teller_learned_answers_total 80.0" in metrics
    assert "teller_learning_behind_seconds 0.0" in metrics
    assert "teller_learning_snapshot_timestamp_seconds 1." in metrics


def test_a_promoted_champion_decides_and_the_learner_starts_from_what_it_expects(
    client: Client, application: Application, store: Store, tmp_path: Path
) -> None:
    registry = Registry(tmp_path / "data", store)
    plan = Feature("plan", "customer.plan", Category(("basic", "fibre")), ("id",))
    knows = {"berries": Term(0.0, (0.0, 3.0))}
    artefact = msgspec.json.encode(LogisticArtefact((plan,), -2.0, (0.0, 0.0), id=knows))
    champion = registry.publish(PROPENSITY, "logistic", artefact)
    registry.promote(PROPENSITY, champion)
    application.served.look()
    teach(client, customers=200)
    learn(application)
    learned = registry.aliases(PROPENSITY)[LEARNED]
    assert liked(client.decide("new", attributes={"plan": "fibre"})) == ("berries", champion)
    assert application.served.live.versions[PROPENSITY] == champion
    held = msgspec.msgpack.decode(kept(application, tmp_path), type=Checkpoint)
    assert held.progress.instructed == champion
    registry.promote(PROPENSITY, LEARNED)
    application.served.look()
    assert liked(client.decide("new", attributes={"plan": "fibre"})) == ("berries", learned)
    registry.roll_back(PROPENSITY)
    application.served.look()
    assert liked(client.decide("new", attributes={"plan": "fibre"}))[1] == champion


def kept(application: Application, tmp_path: Path) -> bytes:
    """The checkpoint of a learner that stops."""
    application.learning._end()
    return Checkpoints(tmp_path / "data").latest()[1]
