"""Files taken in: what they tell counts at once, once, and each bad row is named."""

from __future__ import annotations

import msgspec
import pytest

from engine.importing import Progressed
from tests.http.conftest import Client
from tests.http.imports.desk import CUSTOMERS, Desk, happened


def test_good_rows_go_in_and_bad_ones_are_named_and_kept_aside(desk: Desk) -> None:
    done = desk.take("customers", "people.csv", CUSTOMERS)

    assert (done.accepted, done.known, done.bad) == (2, 0, 4)
    assert desk.customer("c-1")["attributes"] == {
        "plan": "basic",
        "first_name": "Ana\nMaria",
        "visits": 4,
        "since": "2025-01-01T00:00:00.000Z",
        "notice": "7200s",
    }
    assert "people.csv:4: plan: must be one of basic, plus, fibre" in desk.said
    assert "people.csv:5: visits: must be a whole number" in desk.said
    assert "people.csv:6: customer_id: is required" in desk.said
    assert "people.csv:8: has 2 cells, the first line names 6" in desk.said
    aside = [
        msgspec.json.decode(row)
        for row in (desk.home / "people.csv.customers.aside.jsonl").read_bytes().splitlines()
    ]
    assert [row["line"] for row in aside] == [4, 5, 6, 8]
    assert (desk.home / "people.csv.customers.aside.jsonl").stat().st_mode & 0o077 == 0
    assert desk.said.endswith(f"{desk.home / 'people.csv.customers.aside.jsonl'}\n")
    assert aside[0]["row"] == {
        "customer_id": "c-2",
        "plan": "gold",
        "first_name": "Rui",
        "visits": "3",
    }


def test_an_unknown_column_gets_the_nearest_right_name(desk: Desk) -> None:
    desk.take("customers", "a.csv", "customer_id,first_nam\nc-1,Ana\n")
    assert "a.csv:2: first_nam: is not declared in the schema (did you mean" in desk.said
    desk.take("consents", "b.csv", "customer_id,purpos,status\nc-1,marketing,granted\n")
    assert (
        "b.csv:2: purpos: is no column of this kind of file; did you mean 'purpose'?" in desk.said
    )
    desk.take("consents", "c.csv", "customer_id,purpose,status\nc-1,marketting,granted\n")
    assert "c.csv:2: marketting: is not a purpose of the catalogue" in desk.said


def test_consent_keeps_its_time_source_and_wording_and_the_later_one_holds(desk: Desk) -> None:
    text = """customer_id,purpose,status,at,source,wording
c-1,marketing,denied,2026-02-01T00:00:00Z,shop,v2
c-1,marketing,granted,2026-01-01T00:00:00Z,web,v1
c-2,marketing,granted,2026-01-01T00:00:00Z,,
"""
    done = desk.take("consents", "consents.csv", text)
    assert (done.accepted, done.known, done.bad) == (2, 1, 0)
    assert desk.customer("c-1")["consent"]["marketing"] == {
        "status": "denied", "at": "2026-02-01T00:00:00.000Z", "source": "shop", "wording": "v2"
    }  # fmt: skip
    assert desk.customer("c-2")["consent"]["marketing"]["source"] == "import"


def test_an_interaction_counts_once_however_often_and_in_whatever_file_it_comes(
    desk: Desk, client: Client
) -> None:
    assert desk.take("interactions", "a.jsonl", happened("i-1", "i-2")).accepted == 2
    assert desk.take("interactions", "a.jsonl", again=True).known == 2
    assert desk.take("interactions", "b.jsonl", happened("i-2", "i-3")) == Progressed(2, 1, 1, 0)
    totals = client.call("GET", "/v1/customers/c-1/export").json()["totals"]
    assert [(one["type"], one["count"]) for one in totals] == [("purchase", 3)]


def test_an_interaction_says_when_it_was(desk: Desk) -> None:
    desk.take(
        "interactions", "a.jsonl", '{"id": "i", "customer_id": "c-1", "type": "visit"}\n[1]\n{'
    )
    assert "a.jsonl:1: at is required" in desk.said
    assert "a.jsonl:2: is no JSON object" in desk.said
    assert "a.jsonl:3: is not JSON" in desk.said


@pytest.mark.parametrize(
    "twice",
    [
        '"customer_id": "c-1", "status": "denied", "status": "granted"',
        '"customer_id": "c-2", "customer_id": "c-1", "status": "granted"',
        '"customer_id": "c-1", "status": "denied", "\\u0073tatus": "granted"',
    ],
)
def test_a_row_that_says_twice_whose_it_is_or_what_they_said_is_kept_out(
    desk: Desk, twice: str
) -> None:
    done = desk.take("consents", "said.jsonl", f'{{{twice}, "purpose": "marketing"}}')
    assert (done.accepted, done.bad) == (0, 1)
    assert "more than once" in desk.said
    assert desk.customer("c-1")["status"] == 404
