"""What is held is told whole, and erased everywhere for good (I12)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import redis

from engine.errors import Misconfigured
from engine.partitions import partition_of
from engine.services.privacy.lines import Lines
from engine.store.keys import log_key
from tests.http.conftest import SECRET, Client


def lived(client: Client, customer: str = "c-1") -> str:
    """A customer who was offered something, answered, called, and has consented; the decision."""
    client.consenting(customer, first_name="Ana")
    decision = client.decide(customer).json()["decision_id"]
    click = {"decision_id": decision, "action": "fibre-upgrade", "outcome": "click"}
    call = {"customer": {"id": customer}, "type": "call", "topic": "bill", "status": "open"}
    reply = client.tell({"id": f"{customer}-1", **click}, {"id": f"{customer}-2", **call})
    assert reply.json()["accepted"] == 2
    return str(decision)


def erase(client: Client, customer: str = "c-1") -> Any:
    reply = client.call("DELETE", f"/v1/customers/{customer}")
    assert reply.status == 200
    return reply.json()


def held(url: str, customer: str = "c-1") -> list[bytes]:
    """Every key, field and value of the store that spells the customer's id."""
    found = []
    with redis.Redis.from_url(url) as server:
        for key in server.scan_iter():
            if f":{customer}".encode() in key:
                found.append(key)
            elif server.type(key) == b"stream":
                found += [
                    row[b"r"] for _, row in server.xrange(key) if customer.encode() in row[b"r"]
                ]
            elif server.type(key) == b"string" and customer.encode() in (server.get(key) or b""):
                found.append(key)
    return found


def test_the_export_holds_all_that_was_told_and_done(client: Client) -> None:
    decision = lived(client)
    said = {"marketing": {"status": "denied", "source": "shop", "wording": "v2"}}
    client.call("PATCH", "/v1/customers/c-1", {"consent": said})

    export = client.call("GET", "/v1/customers/c-1/export").json()

    assert export["customer"]["attributes"] == {"plan": "basic", "first_name": "Ana"}
    assert [one["action"] for one in export["contacts"]] == ["fibre-upgrade"]
    assert [one["type"] for one in export["interactions"]] == ["click", "call"]
    assert [one["count"] for one in export["totals"]] == [1, 1]
    assert [one["topic"] for one in export["open"]] == ["bill"]
    records = [one["record"] for one in export["log"]]
    assert records == ["customer", "decision", "interaction", "interaction", "customer"]
    consents = [one["consent"]["marketing"] for one in export["log"] if one["record"] == "customer"]
    assert [one["status"] for one in consents] == ["granted", "denied"]
    assert consents[1]["wording"] == "v2"
    made = export["log"][1]
    assert made["decision_id"] == decision
    assert made["state"]["attributes"]["first_name"] == "Ana"
    assert made["plan"]["placements"][0]["actions"][0]["content"]["headline"] == "Ana, go fibre"


def test_an_erasure_that_cannot_be_written_down_is_refused_and_can_be_sent_again(
    client: Client, tmp_path: Path
) -> None:
    lived(client)
    (tmp_path / "data" / "erasures.jsonl").symlink_to(tmp_path / "away" / "file")
    refused = client.call("DELETE", "/v1/customers/c-1")
    assert (refused.status, refused.json()["code"]) == (503, "store-unavailable")
    assert int(refused.headers["retry-after"]) >= 1
    assert "the data directory cannot be written" in refused.json()["detail"]
    assert client.call("GET", "/v1/customers/c-1").status == 200

    (tmp_path / "away").mkdir()
    assert erase(client)["erased"]["customers"] == 1


def test_of_a_customer_never_heard_of_there_is_nothing_to_export(client: Client) -> None:
    assert client.call("GET", "/v1/customers/nobody/export").status == 404


def test_nothing_is_left_of_an_erased_customer_and_the_others_stay(
    client: Client, server_url: str
) -> None:
    decision = lived(client)
    lived(client, "other")
    assert held(server_url)

    proof = erase(client)

    assert proof["erased"] == {
        "archive_subjects": 1, "customers": 1, "decisions": 1, "idempotency_keys": 1,
        "identities": 0, "log_records": 4, "set_aside": 0,
    }  # fmt: skip
    assert held(server_url) == []
    assert client.call("GET", "/v1/customers/c-1").status == 404
    assert client.call("GET", "/v1/customers/c-1/export").status == 404
    assert client.call("GET", f"/v1/decisions/{decision}").status == 404
    assert len(client.call("GET", "/v1/customers/other/export").json()["log"]) == 4


def test_a_customer_only_previewed_or_refused_leaves_nothing_either(
    client: Client, server_url: str
) -> None:
    client.decide("c-1")  # never heard of: the fallback, recorded
    assert held(server_url)
    assert erase(client)["erased"]["log_records"] == 1
    assert held(server_url) == []


def test_erasing_again_gives_the_same_proof(client: Client) -> None:
    lived(client)
    assert erase(client) == erase(client)


def test_the_proof_and_its_file_name_nobody(client: Client, tmp_path: Path) -> None:
    lived(client, "ana.silva")
    proof = erase(client, "ana.silva")
    assert "ana" not in str(proof)
    text = (tmp_path / "data" / "erasures.jsonl").read_text()
    assert proof["proof_id"] in text
    assert "ana" not in text


def test_after_an_erasure_the_same_id_is_a_new_customer_of_whom_nothing_is_known(
    client: Client,
) -> None:
    lived(client)
    erase(client)
    assert client.decide().json()["placements"][0]["fallback"] is True
    client.tell({"id": "c-1-2", "customer": {"id": "c-1"}, "type": "visit"})
    document = client.call("GET", "/v1/customers/c-1").json()
    assert (document["attributes"], document["consent"]) == ({}, {})
    assert [one["type"] for one in document["recent"]] == ["visit"]
    client.application.privacy.replay()
    assert client.call("GET", "/v1/customers/c-1").json() == document


def snapshot(url: str) -> dict[bytes, bytes]:
    with redis.Redis.from_url(url) as server:
        return {key: server.dump(key) or b"" for key in server.scan_iter()}


def restore(url: str, kept: dict[bytes, bytes]) -> None:
    with redis.Redis.from_url(url) as server:
        server.flushall()
        for key, value in kept.items():
            server.restore(key, 0, value)


def test_a_restored_backup_brings_no_erased_customer_back(client: Client, server_url: str) -> None:
    lived(client)
    lived(client, "other")
    backup = snapshot(server_url)
    proof = erase(client)
    restore(server_url, backup)
    assert client.call("GET", "/v1/customers/c-1").status == 200

    client.application.privacy.replay()

    assert held(server_url) == []
    assert client.call("GET", "/v1/customers/other").status == 200
    assert erase(client) == proof


def test_of_many_who_came_back_each_line_of_the_tombstones_is_read_once(
    client: Client, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    back = [f"c-{number}" for number in range(12)]
    for customer in back:
        client.consenting(customer)
    backup = snapshot(server_url)
    for customer in back:
        erase(client, customer)
    restore(server_url, backup)
    read: list[int] = []
    unread = Lines._unread

    def counted(lines: Lines) -> bytes:
        content = unread(lines)
        read.append(len(content))
        return content

    monkeypatch.setattr(Lines, "_unread", counted)
    privacy = client.application.privacy
    privacy.replay()
    assert held(server_url) == []
    assert sum(read) == privacy._tombstones.size()


def test_an_erasure_cut_short_is_finished_at_the_next_start(
    client: Client, server_url: str
) -> None:
    lived(client)
    privacy = client.application.privacy
    privacy._tombstones.write(privacy._tombstones.of("c-1", "cut short"))  # and then we died
    privacy.replay()
    assert held(server_url) == []


def test_a_damaged_line_stops_the_start_and_a_torn_last_one_does_not(
    client: Client, tmp_path: Path
) -> None:
    lived(client)
    erase(client)
    path = tmp_path / "data" / "erasures.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"type": "tomb')
    client.application.privacy.replay()
    lived(client, "other")
    erase(client, "other")
    assert path.read_bytes().startswith(whole)
    client.application.privacy.replay()
    path.write_bytes(b"?" + whole)
    with pytest.raises(Misconfigured, match=r"erasures\.jsonl:1"):
        client.application.privacy.replay()


def test_a_customer_of_many_ids_is_erased_under_each_of_them(
    client: Client, server_url: str
) -> None:
    lived(client, "elder")
    lived(client, "younger")
    for customer in ("elder", "younger"):
        linked = {"identity": "email:ana@example.org"}
        reply = client.call("POST", f"/v1/customers/{customer}/identities", linked)
        assert reply.status == 200
    assert reply.json()["merged"] == ["younger"]
    export = client.call("GET", "/v1/customers/younger/export").json()
    assert (export["customer_id"], export["merged"]) == ("elder", ["younger"])
    assert {one["customer_id"] for one in export["log"] if "customer_id" in one} == {
        "elder", "younger"
    }  # fmt: skip
    backup = snapshot(server_url)

    proof = erase(client, "younger")

    assert proof["erased"]["identities"] == 1
    assert len(proof["tombstones"]) == 2
    for word in ("elder", "younger", "example.org"):
        assert held(server_url, word) == []
    assert client.call("GET", "/v1/customers?identity=email:ana@example.org").status == 404

    restore(server_url, backup)
    client.application.privacy.replay()
    for word in ("elder", "younger", "example.org"):
        assert held(server_url, word) == []


def test_what_was_set_aside_of_a_customer_goes_too(client: Client) -> None:
    quarantine = client.application.events._quarantine
    for number, one in enumerate(("ana", "rui")):
        event = {"userId": one, "event": 3, "messageId": f"m-{number}"}
        client.call("POST", "/v1/track", {**event, "writeKey": SECRET}, {"Authorization": ""})
    assert len(list(quarantine.all())) == 2
    assert erase(client, "ana")["erased"]["set_aside"] == 1
    assert len(list(quarantine.all())) == 1


def test_what_was_set_aside_since_an_erasure_goes_by_the_next_one(client: Client) -> None:
    first = erase(client, "ana")
    event = {"userId": "ana", "event": 3, "messageId": "m-1", "writeKey": SECRET}
    client.call("POST", "/v1/track", event, {"Authorization": ""})
    second = erase(client, "ana")
    assert second["erased"]["set_aside"] == 1
    assert client.application.events.set_aside() == []
    assert second["proof_id"] != first["proof_id"]
    assert erase(client, "ana") == second


def test_who_was_named_with_a_device_set_apart_since_an_erasure_is_so_no_more_after_the_next(
    client: Client,
) -> None:
    erase(client, "ana")
    for user in ("rui", "eva", "gil", "ana"):  # one over the limit
        client.call("POST", f"/v1/customers/{user}/identities", {"identity": "cookie:tablet"})
    assert client.call("GET", "/v1/identities/shared").json()["identities"] == ["cookie:tablet"]
    erase(client, "ana")
    assert client.call("GET", "/v1/identities/shared").json()["identities"] == []


def test_what_was_set_aside_goes_though_it_says_the_customer_first_and_another_after(
    client: Client,
) -> None:
    client.consenting("ana")
    for twice in (
        b'"userId":"\\u0061na","userId":"rui"',
        b'"userId":"rui","properties":{"\\u0061na":1,"x":2}',
        b'"userId":"\\u0061na","properties":{"x":%b}' % (b"1" * 5_000),
    ):
        client.call("POST", f"/v1/track?writeKey={SECRET}", b"{%b}" % twice, {"Authorization": ""})
    assert erase(client, "ana")["erased"]["set_aside"] == 3


def test_what_was_set_aside_goes_however_it_spells_the_customer(client: Client) -> None:
    client.consenting("4242")
    linked = {"identity": "phone:+351912345678"}
    assert client.call("POST", "/v1/customers/4242/identities", linked).status == 200
    for number, said in enumerate(
        (
            {"userId": 4242},
            {"anonymousId": "a-1", "traits": {"phone": "+351 912 345 678"}},
            {"anonymousId": "a-1", "context": {"traits": {"phone": "00 351 912345679"}}},
            {"userId": "rui", "properties": {"price": 4242}},
            {"userId": "rui", "properties": {"price": 10**30}},
        )
    ):
        event = {**said, "event": 3, "messageId": f"m-{number}", "writeKey": SECRET}
        client.call("POST", "/v1/track", event, {"Authorization": ""})
    assert erase(client, "4242")["erased"]["set_aside"] == 2


@pytest.mark.parametrize(
    "named",
    [
        b'"userId":4242,"context":{"n":"\xff"}',
        b'"userId":"\\u00342\\u00342","context":{"n":"\xff"}',
        b'"anonymousId":" a-1 "',
        b'"userId":"rui","previousId":"a-1 "',
    ],
    ids=["beside bytes that are no UTF-8", "escaped, beside such bytes", "with blanks", "before"],
)
def test_what_was_set_aside_goes_however_it_was_sent(client: Client, named: bytes) -> None:
    client.consenting("4242")
    linked = {"identity": "anonymous:a-1"}
    assert client.call("POST", "/v1/customers/4242/identities", linked).status == 200
    event = b'{%b,"event":3,"writeKey":"%b"}' % (named, SECRET.encode())
    client.call("POST", "/v1/track", event, {"Authorization": ""})
    assert len(client.application.events.set_aside()) == 1
    assert erase(client, "4242")["erased"]["set_aside"] == 1


@pytest.mark.parametrize("consent", ["granted", "denied"])
def test_a_decision_under_way_leaves_nothing_of_who_was_erased_meanwhile(
    client: Client, server_url: str, monkeypatch: pytest.MonkeyPatch, consent: str
) -> None:
    """With consent it would commit a contact; without, it only appends what it was made from."""
    told = {
        "attributes": {"first_name": "Anastasia", "plan": "basic"},
        "consent": {"marketing": consent},
    }
    client.call("PATCH", "/v1/customers/c-1", told)
    people = client.application.decisions._memory
    commit = people.commit

    def erased_first(*change: Any) -> Any:
        monkeypatch.undo()
        erase(client)
        return commit(*change)

    monkeypatch.setattr(people, "commit", erased_first)
    assert client.decide().json()["placements"][0]["fallback"] is True
    assert all(b"Anastasia" not in record for record in held(server_url))


def test_log_entries_nobody_can_read_stop_neither_export_nor_erasure_nor_start(
    client: Client, server_url: str
) -> None:
    lived(client)
    with redis.Redis.from_url(server_url) as server:
        for data in (b"\x93\xffc-1 garbage", b"\x93\xffgarbage"):
            server.xadd(log_key(partition_of("c-1")), {"r": data})
    assert len(client.call("GET", "/v1/customers/c-1/export").json()["log"]) == 4
    backup = snapshot(server_url)
    erase(client)
    assert held(server_url) == []
    restore(server_url, backup)
    client.application.privacy.replay()
    assert held(server_url) == []


def test_of_two_erasures_at_once_the_later_has_the_last_word(client: Client) -> None:
    """Marked the other way round, the next start would erase who came back."""
    client.consenting()
    privacy = client.application.privacy
    earlier = privacy._tombstones.of("c-1", "p-1")
    privacy._tombstones.write(earlier)  # one is under way
    erase(client)
    privacy._marks.put([earlier], privacy._tombstones.latest())  # and done only now
    client.consenting()
    privacy.replay()
    assert client.call("GET", "/v1/customers/c-1").status == 200


def test_who_came_back_while_erasures_were_done_again_is_not_erased_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.consenting()
    privacy = client.application.privacy
    privacy._tombstones.write(privacy._tombstones.of("c-1", "p-1"))  # an erasure is under way
    search = privacy._marks.back

    def meanwhile(missing: Any) -> Any:
        found = search(missing)
        monkeypatch.undo()
        erase(client)
        client.consenting()
        return found

    monkeypatch.setattr(privacy._marks, "back", meanwhile)
    for _ in range(2):
        privacy.replay()
        assert client.call("GET", "/v1/customers/c-1").status == 200
