"""Names of customers over HTTP: what is asked, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.conftest import Client

MAIL = "email:ana@example.com"


def link(client: Client, customer: str, identity: Any) -> Any:
    return client.call("POST", f"/v1/customers/{customer}/identities", {"identity": identity})


def test_an_identity_is_linked_found_and_merges(client: Client) -> None:
    client.consenting("c-1")
    client.consenting("c-2")
    assert link(client, "c-1", "email: ANA@example.com ").json()["identities"] == [MAIL]
    merged = link(client, "c-2", MAIL).json()
    assert (merged["customer_id"], merged["merged"]) == ("c-1", ["c-2"])
    found = client.call("GET", f"/v1/customers?identity={MAIL}")
    assert (found.status, found.json()) == (200, merged)
    assert client.call("GET", "/v1/customers/c-2").json() == merged


def test_an_identity_nobody_has_is_404(client: Client) -> None:
    assert client.call("GET", f"/v1/customers?identity={MAIL}").status == 404


def test_a_decision_by_identity_says_whose_it_is(client: Client) -> None:
    client.consenting("c-1")
    link(client, "c-1", MAIL)
    body = {
        "customer": {"identity": MAIL},
        "channel": "web",
        "placements": [{"id": "home.hero"}],
    }
    assert client.call("POST", "/v1/decisions", body).json()["customer_id"] == "c-1"
    row = {"id": "v-1", "customer": {"identity": MAIL}, "type": "visit"}
    assert client.tell(row).json()["accepted"] == 1
    assert len(client.call("GET", "/v1/customers/c-1").json()["recent"]) == 1


@pytest.mark.parametrize(
    ("identity", "says"),
    [
        ("emial:ana@example.com", "did you mean 'email'"),
        ("ana@example.com", "must be namespace:value"),
        ("email:ana", "no e-mail address"),
        ("phone:12", "no phone number"),
        ("cookie:a\u0000b", ""),
        ("cookie:" + "x" * 100_000, "320 characters"),
        (7, "must be a string"),
        (None, ""),
    ],
)
def test_what_is_no_identity_is_refused_by_name(client: Client, identity: Any, says: str) -> None:
    refused = link(client, "c-1", identity)
    assert refused.status in (400, 422)
    told = refused.json()["errors"][0] if refused.status == 422 else refused.json()
    assert says in told["detail"]
    assert refused.status == 400 or told["pointer"] == "/identity"
    assert client.call("GET", "/v1/customers/c-1").status == 404


@pytest.mark.parametrize("query", ["", "?identity=", "?identity=%00", "?identity=" + "x" * 400])
def test_a_search_without_a_proper_identity_is_refused(client: Client, query: str) -> None:
    assert client.call("GET", f"/v1/customers{query}").status == 422


@pytest.mark.parametrize("customer", [{}, {"id": "c-1", "identity": MAIL}])
def test_a_customer_is_named_once(client: Client, customer: dict[str, str]) -> None:
    body = {"customer": customer, "channel": "web", "placements": [{"id": "home.hero"}]}
    refused = client.call("POST", "/v1/decisions", body)
    assert refused.status == 422
    assert refused.json()["errors"][0]["pointer"] == "/customer"
    assert "by id or by identity" in refused.json()["errors"][0]["detail"]


def test_an_identity_too_many_share_is_refused_and_listed(client: Client) -> None:
    for number in range(3):
        assert link(client, f"c-{number}", "cookie:tablet").status == 200
    refused = link(client, "c-3", "cookie:tablet")
    assert (refused.status, refused.json()["code"]) == (409, "identity-shared")
    listed = client.call("GET", "/v1/identities/shared").json()
    assert listed == {"identities": ["cookie:tablet"]}
    assert client.call("GET", "/v1/customers?identity=cookie:tablet").status == 409
