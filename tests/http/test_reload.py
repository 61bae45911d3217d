"""A changed catalogue or model: taken whole or refused, while requests go on."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
from structlog.testing import capture_logs

from engine.catalogue import Catalogue
from engine.models.beta import BetaArtefact, Responses
from engine.registry import Registry
from engine.store import Store
from tests.http.conftest import Client


def test_a_bad_change_is_refused_with_all_its_faults_while_the_old_one_serves(
    client: Client,
) -> None:
    customer = client.consenting()
    before = client.decide(customer).json()["versions"]
    _rewrite(client, "kind: offer", "kind: ofer")
    _rewrite(client, "channel: agent", "chanel: agent")
    with capture_logs() as said:
        _look(client)
    assert client.decide(customer).json()["versions"] == before
    (refusal,) = said
    assert refusal["event"] == "catalogue refused"
    assert len(refusal["faults"]) >= 2
    assert all(fault.startswith("catalogue.yaml:") for fault in refusal["faults"])

    _rewrite(client, "kind: ofer", "kind: offer")
    _rewrite(client, "chanel: agent", "channel: agent")
    _rewrite(client, "go fibre", "take fibre")
    _look(client)
    assert client.decide(customer).json()["versions"] != before


def test_a_link_that_leads_nowhere_is_refused_while_the_old_one_serves(client: Client) -> None:
    before = client.application.served.live
    link = client.catalogue / "contact.yaml"
    link.symlink_to("elsewhere.yaml")
    _rewrite(client, "go fibre", "take fibre")
    with capture_logs() as said:
        client.application.served.look()
    (refusal,) = said
    assert refusal["event"] == "catalogue refused"
    assert "contact.yaml:1: the file is a link that leads nowhere" in refusal["faults"][0]
    assert client.application.served.live is before

    link.unlink()
    _look(client)
    assert client.application.served.live is not before


def test_a_change_nobody_foresaw_is_refused_and_the_next_one_is_still_seen(
    client: Client,
) -> None:
    served = client.application.served
    before = served.live
    odd = client.catalogue / "odd.yaml"
    odd.write_text("segments: {}")
    compiled = served._compile

    def broken(files: Mapping[str, bytes]) -> Catalogue:
        if "odd.yaml" in files:
            raise AssertionError("nobody foresaw this")
        return compiled(files)

    served._compile = broken  # a bug of ours, which no file brings about any more
    with capture_logs() as said:
        _look(client)
    assert [line["event"] for line in said] == ["catalogue not taken"]
    assert served.live is before
    odd.unlink()
    _rewrite(client, "go fibre", "take fibre")
    _look(client)
    assert served.live is not before


def test_a_good_change_is_taken_though_the_model_that_serves_was_damaged_on_disk(
    client: Client, tmp_path: Path
) -> None:
    registry = Registry(tmp_path / "data")
    digest = registry.publish("propensity", "beta", msgspec.json.encode(BetaArtefact()))
    registry.promote("propensity", digest)
    _look(client)
    (artefact,) = (tmp_path / "data").rglob("artefact")
    artefact.write_bytes(b"damaged")
    before = client.application.served.live
    _rewrite(client, "go fibre", "take fibre")
    _look(client)
    after = client.application.served.live
    assert after.catalogue.digest != before.catalogue.digest
    assert after.versions == {"propensity": digest}


def test_a_good_change_that_could_not_be_kept_is_taken_once_it_can(
    client: Client, tmp_path: Path
) -> None:
    before = client.application.served.live
    kept = tmp_path / "data" / "catalogues"
    aside = kept.rename(tmp_path / "aside")
    kept.write_bytes(b"no directory")
    _rewrite(client, "go fibre", "take fibre")
    with capture_logs() as said:
        _look(client)
    assert [line["event"] for line in said] == ["catalogue not read or kept"]
    assert client.application.served.live is before
    kept.unlink()
    aside.rename(kept)
    client.application.served.look()
    assert client.application.served.live is not before


def test_a_change_still_being_written_is_not_taken(client: Client) -> None:
    before = client.application.served.live
    _rewrite(client, "go fibre", "take fibre")
    client.application.served.look()
    assert client.application.served.live is before
    client.application.served.look()
    assert client.application.served.live is not before


def test_no_answer_mixes_two_versions_while_catalogues_change_under_load(client: Client) -> None:
    contents: dict[str, set[str]] = {}
    done = threading.Event()

    def ask(number: int) -> None:
        reply = client.decide(customers[number % 20], mode="preview").json()
        headline = reply["placements"][0]["actions"][0]["content"]["headline"]
        contents.setdefault(reply["versions"]["catalogue"], set()).add(headline)

    def change() -> None:
        number = 0
        while not done.is_set():
            _rewrite(
                client, f"go fibre {number}" if number else "go fibre", f"go fibre {number + 1}"
            )
            _look(client)
            number += 1

    customers = [client.consenting(f"c-{number}") for number in range(20)]
    changer = threading.Thread(target=change)
    changer.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(ask, range(300)))
    finally:
        done.set()
        changer.join()
    assert len(contents) > 2
    assert all(len(headlines) == 1 for headlines in contents.values())
    told = [headline for headlines in contents.values() for headline in headlines]
    assert len(set(told)) == len(told)


def test_a_promoted_model_serves_at_the_next_look_and_old_decisions_still_replay(
    client: Client, tmp_path: Path
) -> None:
    customer = client.consenting()
    before = client.decide(customer).json()
    registry = Registry(tmp_path / "data")
    artefact = msgspec.json.encode(BetaArtefact(kind={"offer": Responses(100, 50)}))
    digest = registry.publish("propensity", "beta", artefact)
    registry.promote("propensity", digest)
    _look(client)

    after = client.decide(customer).json()
    assert after["versions"]["models"] == {"propensity": digest}
    assert _propensity(after) > _propensity(before)
    (model,) = client.call("GET", "/v1/models").json()["models"]
    assert model["serving"] == model["aliases"]["champion"] == digest
    for decision in (before, after):
        path = f"/v1/decisions/{decision['decision_id']}/replay"
        assert client.call("POST", path).json()["identical"] is True


def test_of_many_versions_the_latest_hundred_are_listed_and_those_that_serve_or_did(
    client: Client, tmp_path: Path, store: Store
) -> None:
    registry = Registry(tmp_path / "data", store)
    made = [
        registry.publish("propensity", "beta", msgspec.json.encode(BetaArtefact(number / 1000)))
        for number in range(1, 104)
    ]
    for age, digest in enumerate(reversed(made)):
        os.utime(tmp_path / "data" / "models" / "propensity" / digest[7:], (1e9 - age, 1e9 - age))
    (model,) = client.call("GET", "/v1/models").json()["models"]
    assert model["kept"] == 103
    assert model["versions"] == made[:2:-1]
    registry.promote("propensity", made[0])
    registry.promote("propensity", made[1])
    (model,) = client.call("GET", "/v1/models").json()["models"]
    assert model["versions"] == [*made[:2:-1], made[1], made[0]]


def test_a_model_is_rolled_back_over_http(client: Client, tmp_path: Path, store: Store) -> None:
    registry = Registry(tmp_path / "data", store)
    versions = [
        registry.publish("propensity", "beta", msgspec.json.encode(BetaArtefact(rate)))
        for rate in (0.1, 0.2)
    ]
    for digest in versions:
        registry.promote("propensity", digest)
    reply = client.call("POST", "/v1/models/propensity/rollback")
    (model,) = reply.json()["models"]
    assert model["aliases"] == {"champion": versions[0]}
    _look(client)
    assert client.application.served.live.versions == {"propensity": versions[0]}
    assert client.call("POST", "/v1/models/propensity/rollback").status == 200
    gone = client.call("POST", "/v1/models/propensity/rollback")
    assert (gone.status, gone.json()["code"]) == (404, "not-found")
    assert "no earlier champion" in gone.json()["detail"]
    for name in ("propensty", "..", "A"):
        assert client.call("POST", f"/v1/models/{name}/rollback").status == 404


def test_a_tampered_model_is_refused_while_the_old_one_serves(
    client: Client, tmp_path: Path
) -> None:
    customer = client.consenting()
    registry = Registry(tmp_path / "data")
    digest = registry.publish("propensity", "beta", msgspec.json.encode(BetaArtefact()))
    registry.promote("propensity", digest)
    (artefact,) = (tmp_path / "data").rglob("artefact")
    artefact.write_bytes(artefact.read_bytes() + b" ")
    _look(client)
    assert client.decide(customer).json()["versions"]["models"] == {"propensity": "untrained"}


def _rewrite(client: Client, old: str, new: str) -> None:
    file = client.catalogue / "catalogue.yaml"
    draft = client.catalogue / "catalogue.draft"
    draft.write_text(file.read_text().replace(old, new))
    draft.replace(file)


def _look(client: Client) -> None:
    client.application.served.look()
    client.application.served.look()


def _propensity(reply: Any) -> float:
    number: float = reply["placements"][0]["actions"][0]["propensity"]
    return number
