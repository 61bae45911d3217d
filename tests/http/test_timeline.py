"""A customer's history over HTTP: one tree, nothing missing or doubled at the archive's seam."""

from __future__ import annotations

from typing import Any

import pytest

from engine.archive.opening import Keeping
from engine.rows import digest_of
from tests.archive.builders import keep_all
from tests.http.conftest import Client


@pytest.fixture
def keeping(client: Client) -> Keeping:
    """The archive of the server's data directory."""
    opened = client.application.keeper._open()
    assert isinstance(opened, Keeping)
    return opened


def page(client: Client, customer: str = "c-1", **query: Any) -> Any:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    reply = client.call("GET", f"/v1/customers/{customer}/timeline?{asked}")
    assert reply.status == 200, reply.body
    return reply.json()


def pages(client: Client, limit: int) -> list[Any]:
    found = [page(client, limit=limit)]
    while found[-1]["cursor"]:
        found.append(page(client, limit=limit, cursor=found[-1]["cursor"]))
    return found


def answer(client: Client, decision: Any, outcome: str, id: str) -> None:
    row = {"id": id, "decision_id": decision["decision_id"], "action": "fibre-upgrade"}
    assert client.tell({**row, "outcome": outcome}).json()["accepted"] == 1


def digests(client: Client, customer: str, *ids: str) -> list[str]:
    """What the timeline calls these interactions."""
    key = client.application.timeline._key
    return sorted(digest_of(customer, id, key) for id in ids)


def history(client: Client) -> list[str]:
    """Two decisions, one answered, three free interactions; the interactions' ids."""
    client.consenting()
    for _ in range(2):
        made = client.decide().json()
    answer(client, made, "impression", "o-1")
    answer(client, made, "accept", "o-2")
    rows = [
        {"id": f"m-{n}", "customer": {"id": "c-1"}, "type": "call", "channel": "agent"}
        for n in range(3)
    ]
    client.tell(*rows)
    return ["m-0", "m-1", "m-2"]


def test_it_is_a_tree_of_channels_contacts_offers_and_answers(client: Client) -> None:
    history(client)
    told = page(client)
    channels = {one["channel"]: one["contacts"] for one in told["channels"]}
    assert sorted(channels) == ["agent", "web"]
    assert len(channels["agent"]) == 3
    answered, unanswered = channels["web"]
    (offer,) = answered["offered"]
    assert (offer["placement"], offer["action"]) == ("home.hero", "fibre-upgrade")
    assert [one["type"] for one in offer["answers"]] == ["impression", "accept"]
    assert "answers" not in unanswered["offered"][0]
    assert {change["what"] for change in told["changes"]} == {"attributes", "consent"}
    assert told["cursor"] is None


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_tell_everything_once_newest_first(client: Client, limit: int) -> None:
    history(client)
    whole = page(client)
    parts = pages(client, limit)
    contacts = [
        one for part in parts for channel in part["channels"] for one in channel["contacts"]
    ]
    everything = [one for channel in whole["channels"] for one in channel["contacts"]]
    assert sorted(map(str, contacts)) == sorted(map(str, everything))
    assert len([one for part in parts for one in part["changes"]]) == len(whole["changes"])
    newest = [max(map(_at, _nodes(part))) for part in parts]
    assert newest == sorted(newest, reverse=True)


def _nodes(part: Any) -> list[Any]:
    return [one for channel in part["channels"] for one in channel["contacts"]] + part["changes"]


def _at(node: Any) -> str:
    return str(node["at"])


def test_the_seam_is_invisible(client: Client, keeping: Keeping) -> None:
    """The same before, halfway and after everything went into the archive."""
    history(client)
    before = page(client)
    assert pages(client, 2)[0]["channels"]
    keep_all(keeping)
    assert page(client) == before
    client.tell({"id": "late", "customer": {"id": "c-1"}, "type": "call", "channel": "agent"})
    halfway = page(client)
    assert len(halfway["channels"][0]["contacts"]) == 4
    keep_all(keeping)
    assert page(client) == halfway


def test_an_answer_after_the_archive_hangs_under_its_archived_decision(
    client: Client, keeping: Keeping
) -> None:
    client.consenting()
    made = client.decide().json()
    keep_all(keeping)
    answer(client, made, "accept", "o-1")
    for _ in range(2):
        (web,) = page(client)["channels"]
        (contact,) = web["contacts"]
        assert [one["id"] for one in contact["offered"][0]["answers"]] == digests(
            client, "c-1", "o-1"
        )
        keep_all(keeping)


def test_personal_values_are_not_told(client: Client) -> None:
    client.consenting(first_name="Canaria")
    changes = page(client)["changes"]
    (attributes,) = [one["data"] for one in changes if one["what"] == "attributes"]
    assert attributes == {"set": {"plan": "basic"}, "hidden": ["first_name"], "removed": []}


def test_consent_is_told_with_when_and_where_it_was_given(client: Client) -> None:
    said = {"status": "denied", "at": "2026-03-01T10:00:00Z", "source": "shop", "wording": "v2"}
    change = {"consent": {"marketing": said}}
    assert client.call("PATCH", "/v1/customers/c-1", change).status == 200
    (told,) = page(client)["changes"]
    assert told["data"]["marketing"] == {**said, "at": "2026-03-01T10:00:00.000Z"}


def test_bad_questions_get_a_clear_answer(client: Client) -> None:
    client.consenting()
    for query in (
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=%00",
        "cursor=zzzz",
        "limit=9e9",
        "limit=000000001999999",
        "limit=" + "9" * 5_000,
        "curser=abc",
    ):
        reply = client.call("GET", f"/v1/customers/c-1/timeline?{query}")
        assert reply.status == 422, query
    assert client.call("GET", "/v1/customers/nobody/timeline").status == 404


def test_what_happened_long_ago_is_on_the_last_page(client: Client, keeping: Keeping) -> None:
    client.consenting()
    client.tell(
        {"id": "old", "customer": {"id": "c-1"}, "type": "visit", "at": "2019-03-01T12:00:00Z"}
    )
    keep_all(keeping)
    last = pages(client, 1)[-1]
    (contact,) = last["channels"][0]["contacts"]
    assert [contact["id"]] == digests(client, "c-1", "old")
    assert contact["at"][:10] == "2019-03-01"


def test_what_happened_before_1970_is_told_and_exported(client: Client, keeping: Keeping) -> None:
    times = ["0001-01-01T00:00:00.000Z", "1969-12-31T23:59:59.999Z", "2026-01-01T00:00:00.000Z"]
    rows = [
        {"id": f"m-{at}", "customer": {"id": "c-1"}, "type": "letter", "at": at} for at in times
    ]
    assert client.tell(*rows).json()["accepted"] == 3
    keep_all(keeping)
    told = [contact["at"] for one in pages(client, 1) for channel in one["channels"]
            for contact in channel["contacts"]]  # fmt: skip
    assert told == times[::-1]
    exported = client.call("GET", "/v1/customers/c-1/export").json()["archive"]
    assert len(exported) == 3


def test_an_archive_that_cannot_be_read_says_so(client: Client, keeping: Keeping) -> None:
    client.consenting()
    keep_all(keeping)
    for path in (client.application.keeper._open().reading._data / "archive").rglob("*.parquet"):  # type: ignore[union-attr]
        path.write_bytes(b"damaged")
    reply = client.call("GET", "/v1/customers/c-1/timeline")
    assert (reply.status, reply.json()["code"]) == (503, "archive-unusable")


def test_an_erased_customer_is_gone_from_the_archive_as_from_everywhere(
    client: Client, keeping: Keeping
) -> None:
    history(client)
    keep_all(keeping)
    assert keeping.reading.interactions().num_rows == 5
    assert client.call("DELETE", "/v1/customers/c-1").status == 200
    assert client.call("GET", "/v1/customers/c-1/timeline").status == 404
    assert keeping.reading.interactions().num_rows == 0
    keeping.tidy()
    assert keeping.reading.snapshot().first is None


def test_after_a_merge_both_histories_are_one(client: Client, keeping: Keeping) -> None:
    for number, customer in enumerate(("c-1", "c-2")):
        client.consenting(customer)
        client.tell({"id": f"m-{number}", "customer": {"id": customer}, "type": "call"})
    keep_all(keeping)
    client.tell({"id": "m-2", "customer": {"id": "c-2"}, "type": "call"})
    for customer in ("c-1", "c-2"):
        body = {"identity": "anonymous:tab-1"}
        assert client.call("POST", f"/v1/customers/{customer}/identities", body).status == 200
    for _ in range(2):
        for customer in ("c-1", "c-2"):
            whole = page(client, customer)
            calls = [one["id"] for one in whole["channels"][0]["contacts"]]
            assert sorted(calls) == sorted(
                digests(client, "c-1", "m-0") + digests(client, "c-2", "m-1", "m-2")
            )
            assert "merge" in {one["what"] for one in whole["changes"]}
        keep_all(keeping)
