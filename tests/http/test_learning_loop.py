"""The whole loop over real HTTP: decide, be answered, archive, train, serve what was learnt."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.models.checks import check_model
from engine.registry import Registry
from engine.store import Store
from tests.http.conftest import Client
from training.batch.declared import automatic
from training.batch.past import from_archive
from training.batch.train import Choices, train

DAY = 86_400_000
CUSTOMERS = 160


def live(client: Client) -> None:
    """Offers to customers on two plans: seven in ten on plus accept, one in ten on basic does."""
    for number in range(CUSTOMERS):
        plan, keen = ("plus", 7) if number % 2 else ("basic", 1)
        customer = client.consenting(f"c-{number}", plan=plan, first_name="canary")
        made = client.decide(customer).json()
        if (number // 2) % 10 < keen:
            row = {
                "id": f"a-{number}",
                "outcome": "accept",
                "decision_id": made["decision_id"],
                "action": "fibre-upgrade",
            }
            assert client.tell(row).json()["accepted"] == 1


def test_what_customers_answered_is_learnt_and_then_served(
    client: Client, store: Store, tmp_path: Path
) -> None:
    live(client)
    assert client.application.keeper.catch_up()
    catalogue = client.application.served.live.catalogue
    later = store.load("anyone").now + 8 * DAY
    past = from_archive(tmp_path / "data", catalogue, now=later, since=None, until=None)
    assert len(past) == CUSTOMERS
    assert past.table.labels.mean() == pytest.approx(0.4, abs=0.02)

    features = automatic(past.table, catalogue)
    made = train(past, features, Choices(resamples=20))
    assert "first_name" not in str(made.study.columns)
    registry = Registry(tmp_path / "data", store)
    digest = registry.publish("propensity", made.kind, made.artefact, made.study.metadata())
    client.application.served.look()
    assert propensity(client, "plus", "before") == propensity(client, "basic", "before") == 0.05

    check_model(registry.load("propensity", digest), catalogue.actions, past.table.facts[:3])
    registry.promote("propensity", digest)
    client.application.served.look()
    assert propensity(client, "plus", "after") == pytest.approx(0.7, abs=0.15)
    assert propensity(client, "basic", "after") == pytest.approx(0.1, abs=0.1)
    made_id = client.decide(client.consenting("again", plan="plus")).json()["decision_id"]
    assert client.call("POST", f"/v1/decisions/{made_id}/replay").json()["identical"]


def propensity(client: Client, plan: str, when: str) -> float:
    """What a new customer on that plan is thought to do."""
    reply = client.decide(client.consenting(f"{when}-{plan}", plan=plan)).json()
    return float(reply["placements"][0]["actions"][0]["propensity"])
