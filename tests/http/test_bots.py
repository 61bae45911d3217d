"""A bot sees the page as anyone does, and leaves no trace in anything people or models notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import Rejected
from engine.services.deciding.sampling import EVERY
from engine.wire.imports import Reading
from engine.wire.tables import Line
from tests.http.catalogue import CATALOGUE, written
from tests.http.conftest import PUBLISHABLE, SECRET, Client
from tests.http.events.sending import OK, anonymous, aside, basic, of, send, track

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


def test_what_a_bot_did_to_an_offer_is_acknowledged_and_counts_for_nothing(client: Client) -> None:
    customer = client.consenting()
    made = client.decide(customer).json()
    answer = {"decision_id": made["decision_id"], "action": shown(made)[0]}
    click = {"id": "m-1", "outcome": "click", **answer}
    visit = {"id": "m-2", "customer": {"identity": "cookie:y"}, "type": "visit"}
    said = client.tell(*({**row, "user_agent": GOOGLEBOT} for row in (click, visit))).json()
    assert said == {"accepted": 0, "duplicates": 0, "rejected": [], "bots": 2}
    assert client.application.customers.view(customer).recent == []
    assert client.call("GET", "/v1/customers?identity=cookie:y").status == 404
    assert figures(client)['teller_interactions_total{result="bot"}'] == 2
    person = client.tell({**click, "user_agent": FIREFOX}).json()
    assert (person["accepted"], person["bots"]) == (1, 0)


def test_a_no_counts_whoever_says_it(client: Client) -> None:
    customer = client.consenting()
    made = client.decide(customer).json()
    answer = {"decision_id": made["decision_id"], "action": shown(made)[0]}
    no = {"id": "m-1", "outcome": "unsubscribe", **answer, "user_agent": GOOGLEBOT}
    assert client.tell(no).json()["accepted"] == 1
    assert client.application.customers.view(customer).consent["marketing"].status == "denied"


def test_a_no_to_what_a_bot_was_shown_counts_and_the_rest_of_it_is_rejected(client: Client) -> None:
    customer = client.consenting()
    made = client.decide(customer, user_agent=GOOGLEBOT).json()
    no = {
        "id": "m-1",
        "customer": {"id": customer},
        "outcome": "unsubscribe",
        "decision_id": made["decision_id"],
        "action": shown(made)[0],
    }
    visit = {"id": "m-2", "customer": {"id": customer}, "type": "visit"}
    for alone in (False, True, True):
        said = client.tell(*([no] if alone else [no, visit])).json()
        assert (said["accepted"], [one["index"] for one in said["rejected"]]) == (not alone, [0])
        assert said["rejected"][0]["reason"].startswith(
            "the opt-out counts, and nothing else of it: this customer has no such decision"
        )
        assert client.application.customers.view(customer).consent["marketing"].status == "denied"
    assert client.decide(customer).json()["placements"][0]["fallback"] is True
    assert client.application.customers.view(customer).revision == 2


def test_a_no_alone_counts_though_nobody_made_what_it_answers(client: Client) -> None:
    customer = client.consenting()
    no = {"id": "m-1", "customer": {"id": customer}, "outcome": "unsubscribe"}
    said = client.tell({**no, "decision_id": "0" * 32, "action": "long-gone"}).json()
    assert (said["accepted"], len(said["rejected"])) == (0, 1)
    assert client.application.customers.view(customer).consent["marketing"].status == "denied"


def test_a_bot_clicking_all_links_of_an_e_mail_teaches_nothing(client: Client) -> None:
    """Scanners of mail follow every link of it, of offers made to people."""
    made = client.decide(client.consenting()).json()
    properties = {"decision_id": made["decision_id"], "action": shown(made)[0]}
    scanned = {"context": {"userAgent": GOOGLEBOT}, "properties": properties}
    track(client, "Email Link Clicked", **scanned)
    assert of(client)["recent"] == []
    track(client, "Unsubscribed", **scanned)
    assert of(client)["consent"]["marketing"]["status"] == "denied"


def test_events_of_bots_are_taken_and_let_go(client: Client) -> None:
    people, bots = {"context": {"userAgent": FIREFOX}}, {"context": {"userAgent": GOOGLEBOT}}
    batch = [
        {"type": "page", "anonymousId": "a-1", **bots},
        {"type": "identify", "userId": "c-1", "traits": {"plan": "fibre"}, **bots},
        {"type": "page", "anonymousId": "a-2", **people},
        {"type": "page", "anonymousId": "a-3"},
    ]
    assert send(client, "batch", {"batch": batch}).body == OK
    assert client.call("GET", "/v1/customers?identity=anonymous:a-1").status == 404
    assert client.call("GET", "/v1/customers/c-1").status == 404
    assert [len(anonymous(client, name)["recent"]) for name in ("a-2", "a-3")] == [1, 1]
    assert aside(client) == []
    found = figures(client)
    assert found['teller_events_total{result="bot"}'] == 2
    assert found['teller_events_total{result="accepted"}'] == 2


def test_what_is_faulty_of_bots_fills_no_shelf(client: Client) -> None:
    bots = {"context": {"userAgent": GOOGLEBOT}}
    batch = [
        {"type": "track", "userId": "c-1", "event": "Seen", "timestamp": "yesterday", **bots},
        {"type": "page", **bots},
        {"type": "page", "context": {"userAgent": FIREFOX}},
    ]
    assert send(client, "batch", {"batch": batch}).body == OK
    assert len(aside(client)) == 1
    assert figures(client)['teller_events_total{result="bot"}'] == 2


def test_what_a_batch_says_once_holds_for_all_its_events(client: Client) -> None:
    batch = [{"type": "page", "anonymousId": "a-1"}]
    said = {"batch": batch, "context": {"userAgent": GOOGLEBOT}}
    assert send(client, "batch", said).body == OK
    assert client.call("GET", "/v1/customers?identity=anonymous:a-1").status == 404


def test_a_page_s_own_user_agent_says_who_sends_its_events(client: Client) -> None:
    event = {"anonymousId": "a-1", "event": "Product Viewed"}
    by_a_bot = {**basic(PUBLISHABLE), "User-Agent": GOOGLEBOT}
    assert client.call("POST", "/v1/track", event, by_a_bot).body == OK
    assert client.call("GET", "/v1/customers?identity=anonymous:a-1").status == 404
    said = {**event, "context": {"userAgent": FIREFOX}}
    assert client.call("POST", "/v1/track", said, by_a_bot).body == OK
    assert client.call("POST", "/v1/track", event, {**by_a_bot, **basic(SECRET)}).body == OK
    assert len(anonymous(client, "a-1")["recent"]) == 2


def test_what_bots_did_is_not_imported_and_the_file_of_bad_rows_says_so() -> None:
    columns = {"customer_id": "c-1", "id": "m-1", "type": "visit", "at": "2026-01-01T00:00:00Z"}
    line = Line(2, {**columns, "user_agent": GOOGLEBOT})
    with pytest.raises(Rejected, match="a bot did it"):
        Reading(True, {}).interaction(line)
