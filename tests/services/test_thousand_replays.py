"""A thousand decisions, and a thousand identical replays, whatever has changed since (I7)."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from bench.catalogues import catalogue_files, model_artefact
from bench.server import populate
from engine.bootstrap import Application, open_application
from engine.models.beta import BetaArtefact
from engine.registry import Registry
from engine.settings import Settings
from engine.store import Store, open_store
from engine.wire.decisions import read_decision
from engine.wire.replies import DecisionReply

DECISIONS = 1_000
CUSTOMERS = 40


def _decide(application: Application, number: int) -> DecisionReply:
    body = {
        "customer": {"id": f"c-{number % CUSTOMERS}"},
        "channel": "web",
        "placements": [{"id": "home.hero"}],
        "context": {"page": f"/p{number % 5}"},
        "attributes": {"n1": float(number % 11)} if number % 3 else {},
    }
    return application.decisions.answer(read_decision(json.dumps(body).encode()), None, False)


def _publish(data: Path, store: Store, kind: str, artefact: bytes) -> None:
    registry = Registry(data, store)
    registry.promote("propensity", registry.publish("propensity", kind, artefact))


def test_a_thousand_of_a_thousand_decisions_replay_identically(
    server_url: str, tmp_path: Path
) -> None:
    data, directory = tmp_path / "data", tmp_path / "catalogue"
    directory.mkdir()
    (file,) = [directory / name for name in catalogue_files(60)]
    file.write_bytes(catalogue_files(60)["catalogue.yaml"])
    settings = Settings(directory, data, server_url, ("sk_0123456789abcdef",))
    with open_store(server_url, data) as store:
        _publish(data, store, "logistic", model_artefact())
        for number in range(CUSTOMERS):
            customer = f"c-{number}"
            populate(store, customer, 10 + number, store.load(customer).now)
        with open_application(settings) as application:
            answers = [_decide(application, number) for number in range(DECISIONS)]
            before = application.served.live
            file.write_bytes(catalogue_files(50)["catalogue.yaml"])
            _publish(data, store, "beta", msgspec.json.encode(BetaArtefact()))
            while application.served.live is before:
                application.served.look()
        with open_application(settings) as restarted:
            assert restarted.served.live.catalogue.digest != before.catalogue.digest
            assert restarted.served.live.versions != before.versions
            replays = [restarted.records.replay(answer.decision_id) for answer in answers]
    assert all(replay.identical for replay in replays)
    assert [_content(replay.decision) for replay in replays] == [_content(one) for one in answers]
    assert len({str(_content(answer)) for answer in answers}) > CUSTOMERS


def _content(reply: DecisionReply) -> object:
    return reply.placements
