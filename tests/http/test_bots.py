"""A bot sees the page as anyone does, and leaves no trace in anything people or models notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.services.sampling import EVERY
from tests.http.catalogue import CATALOGUE, written
from tests.http.conftest import Client

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
RIVAL = """
  - id: tv
    kind: offer
    purpose: marketing
    value: 1.0
    treatments: [{id: hero, placement: home.hero, content: {headline: TV}}]
"""


@pytest.fixture
def catalogue_directory(tmp_path: Path) -> Path:
    explores = "{method: epsilon, floor: 1.0}"
    text = CATALOGUE.replace("actions:", f"actions:{RIVAL}").replace("{method: none}", explores)
    return written(tmp_path, text)


def shown(reply: Any) -> list[str]:
    return [one["action"] for one in reply["placements"][0]["actions"]]


def figures(client: Client) -> dict[str, float]:
    lines = client.call("GET", "/metrics").body.decode().splitlines()
    told = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in told}


def test_a_bot_is_shown_what_is_best_and_nothing_is_tried_out_on_it(client: Client) -> None:
    customer = client.consenting()
    people = {shown(client.decide(customer, mode="preview").json())[0] for _ in range(40)}
    assert people == {"fibre-upgrade", "tv"}
    for _ in range(20):
        reply = client.decide(customer, user_agent=GOOGLEBOT).json()
        assert reply["mode"] == "bot"
        assert shown(reply) == ["fibre-upgrade"]
        assert reply["placements"][0]["actions"][0]["selection_probability"] == 1.0


def test_the_same_rules_hold_for_a_bot(client: Client) -> None:
    client.call("PATCH", "/v1/customers/c-1", {"consent": {"marketing": "denied"}})
    assert client.decide(user_agent=GOOGLEBOT).json()["placements"][0]["fallback"] is True


def test_what_a_bot_was_shown_uses_no_cap_and_is_not_kept(client: Client) -> None:
    customer = client.consenting()
    for _ in range(5):
        reply = client.decide(customer, user_agent=GOOGLEBOT, request_id="r-1").json()
    assert client.application.customers.view(customer).revision == 1
    assert client.call("GET", f"/v1/decisions/{reply['decision_id']}").status == 404
    person = client.decide(customer, user_agent=FIREFOX, request_id="r-1").json()
    assert person["mode"] == "live"
    assert client.application.customers.view(customer).revision == 2


def test_a_bot_with_a_cookie_becomes_no_customer(client: Client) -> None:
    ask = {"channel": "web", "placements": [{"id": "home.hero"}], "user_agent": GOOGLEBOT}
    body = {"customer": {"identity": "cookie:x"}, **ask}
    assert client.call("POST", "/v1/decisions", body).json()["mode"] == "bot"
    assert client.call("GET", "/v1/customers?identity=cookie:x").status == 404


def test_whoever_knows_better_says_that_it_is_a_bot(client: Client) -> None:
    customer = client.consenting()
    assert client.decide(customer, mode="bot", user_agent=FIREFOX).json()["mode"] == "bot"
    assert client.application.customers.view(customer).revision == 1


@pytest.mark.parametrize("user_agent", [None, "", FIREFOX, "okhttp/4.12.0", "Amazon CloudFront"])
def test_a_person_is_nobody_elses_bot(client: Client, user_agent: str | None) -> None:
    assert client.decide(client.consenting(), user_agent=user_agent).json()["mode"] == "live"


def test_bots_are_in_no_figure_but_their_own(client: Client) -> None:
    for _ in range(EVERY):
        client.decide(user_agent=GOOGLEBOT)
    found = figures(client)
    assert found['teller_unkept_decisions_total{mode="bot"}'] == EVERY
    assert not any(name.startswith("teller_decisions_total") for name in found)
    assert found["teller_sampled_decisions_total"] == 0


def test_a_very_long_user_agent_is_refused_with_its_place(client: Client) -> None:
    reply = client.decide(user_agent="x" * 8193)
    assert (reply.status, reply.json()["errors"][0]["pointer"]) == (422, "/user_agent")
