"""Customers and what happened to them, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.http.conftest import Client


def test_a_change_creates_the_customer_and_keeps_what_it_does_not_name(client: Client) -> None:
    first = {
        "attributes": {
            "plan": "basic",
            "since": "2025-01-01T01:00:00+01:00",
            "notice": "2h",
            "visits": 4,
        }
    }
    assert client.call("PATCH", "/v1/customers/c-9", first).status == 200
    second = {"attributes": {"plan": "plus", "visits": None}, "consent": {"marketing": "granted"}}
    reply = client.call("PATCH", "/v1/customers/c-9", second).json()

    assert reply["attributes"] == {
        "plan": "plus",
        "since": "2025-01-01T00:00:00.000Z",
        "notice": "7200s",
    }
    assert reply["consent"]["marketing"]["status"] == "granted"
    assert reply["consent"]["marketing"]["source"] == "api"
    assert reply["revision"] == 2
    assert client.call("GET", "/v1/customers/c-9").json() == reply


def test_segments_are_told(client: Client) -> None:
    change = {"attributes": {"visits": 4, "notice": "2h"}}
    reply = client.call("PATCH", "/v1/customers/c-9", change).json()
    assert reply["segments"] == ["patient"]


def test_a_customer_never_heard_of_is_not_found(client: Client) -> None:
    assert client.call("GET", "/v1/customers/nobody").status == 404


def test_a_bad_change_is_refused_whole_with_every_fault(client: Client) -> None:
    change: dict[str, Any] = {
        "attributes": {"plan": "gold", "vists": 1, "gone": None, "visits": "4"},
        "consent": {"marketing": "perhaps"},
    }
    reply = client.call("PATCH", "/v1/customers/c-9", change)
    assert reply.status == 422
    assert [error["pointer"] for error in reply.json()["errors"]] == ["/consent/marketing"]

    change["consent"] = {}
    pointers = {
        error["pointer"]
        for error in client.call("PATCH", "/v1/customers/c-9", change).json()["errors"]
    }
    assert pointers == {
        "/attributes/plan",
        "/attributes/vists",
        "/attributes/gone",
        "/attributes/visits",
    }
    assert client.call("GET", "/v1/customers/c-9").status == 404


def test_consent_for_an_unknown_purpose_is_refused(client: Client) -> None:
    reply = client.call("PATCH", "/v1/customers/c-9", {"consent": {"marketting": "granted"}})
    assert reply.json()["errors"][0]["pointer"] == "/consent/marketting"
    assert "marketing" in reply.json()["errors"][0]["detail"]


def test_an_older_statement_does_not_undo_a_later_opt_out(client: Client) -> None:
    client.call("PATCH", "/v1/customers/c-9", {"consent": {"marketing": "denied"}})
    older = {"status": "granted", "at": "2020-01-01T00:00:00Z", "source": "import"}
    reply = client.call("PATCH", "/v1/customers/c-9", {"consent": {"marketing": older}}).json()
    assert reply["consent"]["marketing"]["status"] == "denied"


def test_of_two_statements_made_at_once_the_no_holds(client: Client) -> None:
    at = "2026-01-01T10:00:00Z"
    for status in ("denied", "granted"):
        said = {"marketing": {"status": status, "at": at}}
        reply = client.call("PATCH", "/v1/customers/c-9", {"consent": said}).json()
    assert reply["consent"]["marketing"]["status"] == "denied"


def test_the_wording_a_customer_consented_to_is_kept(client: Client) -> None:
    said = {"status": "granted", "source": "shop", "wording": "2026-03"}
    reply = client.call("PATCH", "/v1/customers/c-9", {"consent": {"marketing": said}}).json()
    assert reply["consent"]["marketing"] == {**said, "at": reply["consent"]["marketing"]["at"]}
    assert client.call("GET", "/v1/customers/c-9").json()["consent"] == reply["consent"]


def test_a_no_holds_against_a_yes_from_a_clock_that_runs_ahead(client: Client) -> None:
    ahead = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
    yes = {"consent": {"marketing": {"status": "granted", "at": ahead}}}
    client.call("PATCH", "/v1/customers/c-9", yes)
    client.call("PATCH", "/v1/customers/c-9", {"consent": {"marketing": "denied"}})
    reply = client.call("GET", "/v1/customers/c-9").json()
    assert reply["consent"]["marketing"]["status"] == "denied"
    assert client.decide("c-9").json()["placements"][0]["fallback"]


def test_consent_from_the_future_is_refused(client: Client) -> None:
    ahead = (datetime.now(UTC) + timedelta(minutes=10)).isoformat()
    change = {"consent": {"marketing": {"status": "granted", "at": ahead}}}
    reply = client.call("PATCH", "/v1/customers/c-9", change)
    assert reply.json()["errors"][0]["pointer"] == "/consent/marketing/at"


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-00:01"])
def test_a_time_off_the_calendar_is_refused_where_it_stands(client: Client, at: str) -> None:
    said = {"status": "granted", "at": at}
    change = {"attributes": {"since": at}, "consent": {"marketing": said}}
    for part, pointer in (
        ("attributes", "/attributes/since"),
        ("consent", "/consent/marketing/at"),
    ):
        reply = client.call("PATCH", "/v1/customers/c-9", {part: change[part]})
        assert (reply.status, reply.json()["errors"][0]["pointer"]) == (422, pointer)
    rows = [
        {"id": name, "customer": {"id": "c-9"}, "type": "visit", name: at}
        for name in ("at", "until")
    ]
    reply = client.tell(*rows)
    assert [row["index"] for row in reply.json()["rejected"]] == [0, 1]
    assert client.call("GET", "/v1/customers/c-9").status == 404


def test_an_attribute_older_than_its_type_is_told_as_it_is_stored(client: Client) -> None:
    client.consenting("c-9", plan="plus", visits=2**62)
    text = client.catalogue.joinpath("catalogue.yaml").read_text()
    changed = text.replace(
        "plan: {type: string, enum: [basic, plus, fibre]}", "plan: {type: timestamp}"
    )
    changed = changed.replace("visits: {type: int}", "visits: {type: timestamp}")
    changed = changed.replace("customer.visits > 3", "customer.visits < now")
    changed = changed.replace("customer.plan != 'fibre'", "customer.plan < now")
    client.catalogue.joinpath("catalogue.yaml").write_text(changed)
    for _ in range(2):
        client.application.served.look()
    assert client.application.served.live.catalogue.scope.customer["plan"].type.name == "timestamp"

    assert client.call("PATCH", "/v1/customers/c-9", {"attributes": {"notice": "2h"}}).status == 200
    told = client.call("GET", "/v1/customers/c-9").json()["attributes"]
    assert told == {"plan": "plus", "visits": 2**62, "notice": "7200s"}


def test_an_opt_out_holds_from_the_very_next_request(client: Client) -> None:
    customer = client.consenting()
    assert not client.decide(customer).json()["placements"][0]["fallback"]
    client.call("PATCH", f"/v1/customers/{customer}", {"consent": {"marketing": "denied"}})
    assert client.decide(customer).json()["placements"][0]["fallback"]


def test_a_rejected_offer_is_gone_from_the_very_next_request(client: Client) -> None:
    customer = client.consenting()
    decision = client.decide(customer).json()["decision_id"]
    reply = client.tell(_answer("m-1", decision, "reject"))
    assert reply.json() == {"accepted": 1, "duplicates": 0, "rejected": [], "bots": 0}

    after = client.decide(customer, explain="full").json()
    assert after["placements"][0]["fallback"]
    reasons = {row["action"]: row["reason"] for row in after["candidates"]}
    assert reasons["fibre-upgrade"] == "rest-after-reject"


def test_the_same_interaction_again_is_a_duplicate_and_with_another_body_rejected(
    client: Client,
) -> None:
    decision = client.decide(client.consenting()).json()["decision_id"]
    row = _answer("m-1", decision, "click")
    assert client.tell(row, row).json() == {
        "accepted": 1,
        "duplicates": 1,
        "rejected": [],
        "bots": 0,
    }
    assert client.tell(row).json() == {"accepted": 0, "duplicates": 1, "rejected": [], "bots": 0}
    reply = client.tell({**row, "outcome": "reject"}).json()
    assert (reply["accepted"], reply["rejected"][0]["index"]) == (0, 0)
    assert "another body" in reply["rejected"][0]["reason"]


def test_a_bad_row_is_kept_out_and_the_others_count(client: Client) -> None:
    customer = client.consenting()
    decision = client.decide(customer).json()["decision_id"]
    client.consenting("other")
    rows: list[dict[str, Any]] = [
        _answer("m-1", decision, "click"),
        {"id": "m-2", "outcom": "click"},
        _answer("m-3", decision, "clicked"),
        {**_answer("m-4", decision, "click"), "action": "help"},
        {**_answer("m-5", decision, "click"), "customer": {"id": "other"}},
        _answer("m-6", "0" * 32, "click"),
        {"id": "m-7", "customer": {"id": customer}, "type": "reject"},
        {"id": "m-8", "customer": {"id": customer}, "type": "call", "channel": "agent"},
        {"id": "m-9", "customer": {"id": customer}, "type": "visit", "at": _in(minutes=6)},
        {"id": "m-10", "customer": {"id": customer}, "type": "visit", "outcome": "click"},
        {"id": "m-11", "customer": {"id": customer}, "type": "visit", "properties": {"a": "\0"}},
    ]
    reply = client.tell(*rows).json()
    assert reply["accepted"] == 2
    assert [row["index"] for row in reply["rejected"]] == [1, 2, 3, 4, 5, 6, 8, 9, 10]
    assert reply["rejected"][-1]["reason"] == "/properties/a: must hold no NUL character"
    assert all(row["reason"] for row in reply["rejected"])
    recent = client.call("GET", f"/v1/customers/{customer}").json()["recent"]
    assert sorted(row["type"] for row in recent) == ["call", "click"]
    assert client.call("GET", "/v1/customers/other").json()["recent"] == []


def test_rows_of_several_customers_in_one_request_all_count(client: Client) -> None:
    rows = [
        {"id": f"v-{n}", "customer": {"id": f"c-{n % 50}"}, "type": "visit"} for n in range(500)
    ]
    assert client.tell(*rows).json()["accepted"] == 500
    assert client.tell(*rows).json()["duplicates"] == 500


def test_none_or_too_many_rows_are_refused(client: Client) -> None:
    row = {"id": "v", "customer": {"id": "c"}, "type": "visit"}
    for rows in ([], [row] * 501, "x", {}):
        reply = client.call("POST", "/v1/interactions", {"interactions": rows})
        assert reply.status == 422
        assert reply.json()["errors"][0]["pointer"] == "/interactions"


def test_a_matter_without_a_topic_is_rejected_since_no_rule_could_ever_hear_of_it(
    client: Client,
) -> None:
    call = {"customer": {"id": "c-1"}, "type": "call"}
    rejected = client.tell(
        {"id": "call-1", **call, "status": "open"},
        {"id": "call-2", **call, "status": "closed"},
        {"id": "call-3", **call, "status": "open", "closes": "call-0"},
        {"id": "call-4", **call, "status": "closed", "closes": "call-0"},
        {"id": "call-5", **call, "status": "opened", "topic": "complaint"},
    ).json()["rejected"]
    assert rejected == [
        {"index": 0, "reason": "status 'open' is of a topic: name one"},
        {"index": 1, "reason": "status 'closed' is of a topic: name one"},
        {"index": 2, "reason": "status 'open' is of a topic: name one"},
        {"index": 4, "reason": "/status: must be one of: open, closed"},
    ]


def test_invalid_utf8_in_a_row_refuses_the_whole(client: Client) -> None:
    body = b'{"interactions": [{"id": "v"}, {"id": "\xff"}]}'
    reply = client.call("POST", "/v1/interactions", body)
    assert reply.status == 400
    assert reply.json()["errors"][0]["pointer"] == "/interactions/1/id"


def _answer(id: str, decision: str, outcome: str) -> dict[str, Any]:
    return {"id": id, "decision_id": decision, "action": "fibre-upgrade", "outcome": outcome}


def _in(minutes: int) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def test_a_mailing_that_is_sent_by_its_second_run_counts_as_much_as_one_that_was_by_its_first(
    client: Client,
) -> None:
    client.consenting()
    for mailing in ("m-1", "m-2"):
        decision = client.decide(request_id=mailing).json()["decision_id"]
        for outcome in ("not_sent", "delivered"):
            assert client.decide(request_id=mailing).json()["decision_id"] == decision
            row = {"decision_id": decision, "action": "fibre-upgrade", "outcome": outcome}
            assert client.tell({"id": f"{mailing}/{outcome}", **row}).json()["accepted"] == 1
    (third,) = client.decide(request_id="m-3").json()["placements"]
    assert third["fallback"]  # twice a day, and no more


def test_a_name_with_a_control_character_is_called_so(client: Client) -> None:
    reply = client.call("PATCH", "/v1/customers/c-1", {"attributes": {"pl\nan": "basic"}})
    (problem,) = reply.json()["errors"]
    assert problem["detail"] == "must hold no control character"
