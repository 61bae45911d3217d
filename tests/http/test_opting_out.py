"""Saying no, over HTTP: at once, for one request, and where the memory is gone."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import redis

from engine.errors import NotReplicated
from engine.record import DecisionRecord
from engine.store import accept_epoch
from engine.wire.tables import Line
from tests.http.conftest import PUBLISHABLE, SECRET, Client

WRITE_KEY = {"Authorization": "Basic " + b64encode(f"{SECRET}:".encode()).decode()}
GPC = {"Sec-GPC": "1"}
ASK = {"customer": {"id": "c-1"}, "channel": "web", "placements": [{"id": "home.hero"}]}


def offered(reply: Any) -> list[str]:
    return [one["action"] for place in reply.json()["placements"] for one in place["actions"]]


def test_an_opt_out_holds_from_the_very_next_request(client: Client) -> None:
    client.consenting()
    assert offered(client.decide()) == ["fibre-upgrade"]
    client.call("PATCH", "/v1/customers/c-1", {"consent": {"marketing": "denied"}})
    assert offered(client.decide()) == []


@pytest.mark.parametrize(
    "outcomes",
    [
        '"unsubscribe","outcome":"click"',
        '"\\u0075nsubscribe","outcome":"click"',
        '"click","outcome":"unsubscribe"',
    ],
)
def test_a_row_that_says_two_outcomes_one_of_them_a_no_is_not_taken_for_the_other(
    client: Client, outcomes: str
) -> None:
    client.consenting()
    decided = client.decide().json()["decision_id"]
    row = f'"id":"i-1","decision_id":"{decided}","action":"fibre-upgrade","outcome":{outcomes}'
    reply = client.call(
        "POST", "/v1/interactions", b'{"interactions":[{%b}]}' % row.encode()
    ).json()
    assert [one["reason"] for one in reply["rejected"]] != []
    assert "says 'outcome' more than once" in reply["rejected"][0]["reason"]


@pytest.mark.parametrize(
    "whose",
    [
        '"customer":{"id":"c-2"},"customer":{"id":"c-1"}',
        '"customer":{"id":"c-2","id":"c-1"}',
        '"decision_id":"f","decision_id":"%s"',
    ],
)
def test_a_no_that_says_twice_whose_it_is_is_counted_for_nobody_and_never_said_to_count(
    client: Client, whose: str
) -> None:
    client.consenting()
    whose = whose.replace("%s", client.decide().json()["decision_id"])
    row = f'{{"id":"i-1","action":"fibre-upgrade","outcome":"unsubscribe",{whose}}}'
    reply = client.call("POST", "/v1/interactions", b'{"interactions":[%b]}' % row.encode())
    (rejected,) = reply.json()["rejected"]
    assert rejected["reason"].startswith("says ")
    assert rejected["reason"].endswith("more than once")
    said = client.call("GET", "/v1/customers/c-1").json()["consent"]
    assert said["marketing"]["status"] == "granted"


@pytest.mark.parametrize("since", ["nothing", "a change of the catalogue"])
def test_a_retry_of_a_request_hands_out_nothing_its_customer_has_since_refused(
    client: Client, since: str
) -> None:
    client.consenting()
    before = client.decide(request_id="r-1").json()
    assert client.decide(request_id="r-1").json() == before
    if since != "nothing":
        path = client.catalogue / "catalogue.yaml"
        path.write_text(path.read_text().replace("fibre-upgrade", "copper-downgrade"))
        for _ in range(2):  # seen, and at rest
            client.application.served.look()
        assert client.decide("c-2", mode="preview").json()["versions"] != before["versions"]
        assert client.decide(request_id="r-1").json() == before
    client.call("PATCH", "/v1/customers/c-1", {"consent": {"marketing": "denied"}})
    again = client.decide(request_id="r-1").json()
    assert again["degraded"] == "opted-out"
    assert [place["fallback"] for place in again["placements"]] == [True]
    assert "fibre-upgrade" not in str(again)


def test_a_service_is_answered_again_whatever_was_refused_since(client: Client) -> None:
    client.consenting()
    client.call("PATCH", "/v1/customers/c-1", {"consent": {"marketing": "denied"}})
    before = client.decide(request_id="r-1").json()
    assert client.decide(request_id="r-1").json() == before


def test_a_privacy_signal_keeps_model_and_features_out_of_that_request_and_no_other(
    client: Client,
) -> None:
    client.consenting()
    replay = client.application.records._replay

    def decided(headers: dict[str, str]) -> DecisionRecord:
        reply = client.call("POST", "/v1/decisions", ASK, headers)
        return replay.find(reply.json()["decision_id"])

    before, quiet, after = decided({}), decided(GPC), decided({"Sec-GPC": "0"})
    twice, both = decided({"Sec-GPC": "1, 1"}), decided({"Sec-GPC": "0,1"})

    for one in (quiet, twice, both):
        assert one.request.privacy_signal
        assert one.plan.features == ()
    assert not before.request.privacy_signal
    assert not after.request.privacy_signal


def test_an_emptied_store_means_no_marketing_until_an_operator_accepts_it(
    client: Client, server_url: str, tmp_path: Path
) -> None:
    client.consenting()
    assert offered(client.decide()) == ["fibre-upgrade"]
    with redis.Redis.from_url(server_url) as server:
        server.flushall()

    reply = client.decide()  # the very next request
    assert (reply.json()["degraded"], offered(reply)) == ("state-unknown", [])
    refused = client.call("PATCH", "/v1/customers/c-1", {"consent": {"marketing": "granted"}})
    assert (refused.status, refused.json()["code"]) == (503, "state-unknown")
    assert client.call("GET", "/readyz").status == 503

    accept_epoch(server_url, tmp_path / "data")
    assert client.decide().json()["degraded"] is None
    assert offered(client.decide()) == []  # nothing is known, so nothing is allowed
    assert offered(client.decide(client.consenting())) == ["fibre-upgrade"]


def test_where_no_replica_confirms_it_an_opt_out_is_answered_503_however_it_is_said(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tier itself is proven on a real pair in tests/store/test_durability.py."""
    client.consenting()
    decision = client.decide().json()["decision_id"]
    store = client.application.imports._crowd

    def unconfirmed(_: str) -> None:
        raise NotReplicated("no replica has confirmed it")

    monkeypatch.setattr(store, "assure", unconfirmed)
    said = {"marketing": {"status": "denied", "at": "2026-01-01T00:00:00Z"}}
    unsubscribe = {
        "id": "u", "decision_id": decision, "action": "fibre-upgrade", "outcome": "unsubscribe"
    }  # fmt: skip
    event = {"type": "track", "userId": "c-1", "event": "Unsubscribed", "messageId": "u"}
    for number in range(2):  # a retry tells nothing new of it, and still must not be acknowledged
        visit = {"id": f"v-{number}", "customer": {"id": "c-1"}, "type": "visit"}
        page = {"type": "page", "userId": "c-1", "messageId": f"p-{number}"}
        for reply in (
            client.tell(unsubscribe, visit),
            client.tell(unsubscribe),
            client.call("PATCH", "/v1/customers/c-1", {"consent": said}),
            client.call("POST", "/v1/batch", {"batch": [event, page]}, WRITE_KEY),
            client.call("POST", "/v1/track", event, WRITE_KEY),
        ):
            assert (reply.status, reply.json()["code"]) == (503, "store-unavailable")
            assert int(reply.headers["retry-after"]) >= 1
        no = {"purpose": "marketing", "status": "denied", "at": said["marketing"]["at"]}
        line = Line(1, {"customer_id": "c-1", **no})
        with pytest.raises(NotReplicated):
            client.application.imports.take("consents", [line], text=True)
    assert offered(client.decide()) == []


@pytest.mark.parametrize(
    "flaw",
    [
        {"properties": {"n": 10**400}},
        {"properties": {"text": "x" * 40_000}},
        {"timestamp": "yesterday"},
        {"context": 3},
    ],
    ids=["number", "large", "time", "context"],
)
def test_an_unsubscribed_holds_though_another_field_of_it_is_faulty(
    client: Client, flaw: dict[str, Any]
) -> None:
    client.consenting()
    no = {"type": "track", "userId": "c-1", "event": "Unsubscribed", "messageId": "m", **flaw}
    assert client.call("POST", "/v1/batch", {"batch": [no]}, WRITE_KEY).status == 200
    assert offered(client.decide()) == []
    assert len(client.application.events.set_aside()) == 1


@pytest.mark.parametrize(
    "flaw",
    [
        {"value": "much"},
        {"campaign": "x"},
        {"at": "2026-01-01T00:00:00"},
        {"status": "gone"},
        {"user_agent": 3},
        {"properties": {"text": "x\0"}},
        {"id": None},
        {"action": 3},
    ],
    ids=lambda flaw: next(iter(flaw)),
)
def test_an_unsubscribe_holds_though_its_row_cannot_be_read(
    client: Client, flaw: dict[str, Any]
) -> None:
    customer = client.consenting()
    decision = client.decide(customer).json()["decision_id"]
    said = {"decision_id": decision, "action": "fibre-upgrade", "outcome": "unsubscribe"}
    for number in range(2):  # the second changes nothing
        visit = {"id": f"v-{number}", "customer": {"id": customer}, "type": "visit"}
        taken = client.tell({"id": "m", **said, **flaw}, visit).json()
        assert (taken["accepted"], [one["index"] for one in taken["rejected"]]) == (1, [0])
        assert "the opt-out counts" in taken["rejected"][0]["reason"]
        assert offered(client.decide(customer)) == []


@pytest.mark.parametrize("kept_out", ["unreadable", "of no decision that is kept", "an id reused"])
@pytest.mark.parametrize("before", ["yes", "no"])
def test_a_rejected_no_that_is_sent_again_does_not_undo_a_later_yes(
    client: Client, kept_out: str, before: str
) -> None:
    customer = client.consenting()
    row = {"id": "m", "customer": {"id": customer}, "outcome": "unsubscribe"}
    row |= {"decision_id": "0" * 32, "action": "fibre-upgrade"}
    if kept_out == "unreadable":
        row |= {"value": "much"}
    if kept_out == "an id reused":
        client.tell({"id": "m", "customer": {"id": customer}, "type": "visit"})
    if before == "no":
        client.call("PATCH", f"/v1/customers/{customer}", {"consent": {"marketing": "denied"}})
    assert "the opt-out counts" in client.tell(row).json()["rejected"][0]["reason"]
    assert offered(client.decide(customer)) == []

    client.consenting(customer)
    again = client.tell(row, row).json()
    assert [one["index"] for one in again["rejected"]] == [0, 1]
    assert offered(client.decide(customer)) == ["fibre-upgrade"]

    client.tell({**row, "id": "another"})
    assert offered(client.decide(customer)) == []


def test_a_no_to_anothers_decision_that_is_sent_again_once_the_two_are_one_undoes_no_later_yes(
    client: Client,
) -> None:
    client.consenting("c-1")
    decision = client.decide(client.consenting("c-2")).json()["decision_id"]
    row = {"id": "m", "customer": {"id": "c-1"}, "decision_id": decision}
    row |= {"action": "fibre-upgrade", "outcome": "unsubscribe"}
    assert "the opt-out counts" in client.tell(row).json()["rejected"][0]["reason"]
    client.consenting("c-1")
    for customer in ("c-1", "c-2"):
        path = f"/v1/customers/{customer}/identities"
        client.call("POST", path, {"identity": "email:a@b.pt"})
    assert client.tell(row).json()["accepted"] == 1
    held = client.call("GET", "/v1/customers/c-1").json()
    assert (held["merged"], held["consent"]["marketing"]["status"]) == (["c-2"], "granted")
    assert held["recent"][0]["type"] == "unsubscribe"


def test_a_no_without_an_id_of_its_own_counts_each_time_it_is_said(client: Client) -> None:
    customer = client.consenting()
    row = {"customer": {"id": customer}, "action": "fibre-upgrade", "outcome": "unsubscribe"}
    for _ in range(2):
        client.consenting(customer)
        client.tell(row)
        assert offered(client.decide(customer)) == []


def test_an_unreadable_row_that_names_nobody_or_says_no_other_no_changes_nothing(
    client: Client,
) -> None:
    customer = client.consenting()
    named = {"id": "m", "customer": {"id": customer}, "campaign": "x"}
    nobody = {"id": "m", "outcome": "unsubscribe", "customer": {"id": ""}, "campaign": "x"}
    for row in ({**named, "outcome": "reject"}, {**named, "type": "unsubscribe"}, nobody):
        reason = client.tell(row).json()["rejected"][0]["reason"]
        assert "/campaign" in reason
        assert "counts" not in reason
    assert offered(client.decide(customer)) == ["fibre-upgrade"]


def test_a_faulty_no_to_what_serves_no_purpose_is_not_said_to_count(client: Client) -> None:
    customer = client.consenting()
    no = {"id": "m", "customer": {"id": customer}, "action": "help", "outcome": "unsubscribe"}
    reason = client.tell({**no, "decision_id": "0" * 32}).json()["rejected"][0]["reason"]
    assert reason.startswith("this customer has no such decision")
    assert offered(client.decide(customer)) == ["fibre-upgrade"]


def test_an_unsubscribed_that_cannot_be_taken_is_not_acknowledged(client: Client) -> None:
    page = {"type": "page", "userId": "c-1"}
    no = {"type": "track", "userId": "a/b", "event": "Unsubscribed"}
    reply = client.call("POST", "/v1/batch", {"batch": [page, no]}, WRITE_KEY)
    assert reply.status == 422
    assert "/batch/1" in str(reply.json())
    assert client.call("GET", "/v1/customers/c-1").status == 200


def test_a_pages_key_opts_out_no_named_customer(client: Client) -> None:
    client.consenting()
    link = {"userId": "c-1", "anonymousId": "a-1"}
    assert client.call("POST", "/v1/identify", link, WRITE_KEY).status == 200
    page_key = {"Authorization": "Basic " + b64encode(f"{PUBLISHABLE}:".encode()).decode()}
    for visitor in ("a-1", "a-2"):
        no = {"anonymousId": visitor, "event": "Unsubscribed"}
        assert client.call("POST", "/v1/track", no, page_key).status == 200
    assert offered(client.decide()) == ["fibre-upgrade"]
    unknown = client.call("GET", "/v1/customers?identity=anonymous:a-2").json()
    assert unknown["consent"]["marketing"]["status"] == "denied"
    assert (
        'teller_events_total{result="refused"} 1.0' in client.call("GET", "/metrics").body.decode()
    )
