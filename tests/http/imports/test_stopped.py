"""An import that stopped, was killed, or cannot keep what it should: nothing lost or twice."""

from __future__ import annotations

from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from typing import Any

import pytest

from engine.errors import Misconfigured, StoreUnavailable
from engine.importing import CHUNK
from engine.services.intake.lines import Taken
from tests.http.conftest import Client
from tests.http.imports.desk import CUSTOMERS, Desk, happened


def test_a_file_that_is_in_is_not_taken_in_twice(desk: Desk, client: Client) -> None:
    first = desk.take("interactions", "a.jsonl", happened("i-1"))
    assert "is in up to" not in desk.said
    assert desk.take("interactions", "a.jsonl") == first
    assert "a.jsonl is in up to line 1; --again reads it from its beginning" in desk.said
    assert desk.take("interactions", "renamed.jsonl", happened("i-1")) == first
    assert len(client.call("GET", "/v1/customers/c-1/export").json()["log"]) == 1


class Dying:
    """An import whose store goes away after some rows are in."""

    def __init__(self, imports: Any, chunks: int) -> None:
        self._imports = imports
        self._left = chunks

    def take(self, *asked: Any) -> Taken:
        taken: Taken = self._imports.take(*asked)
        self._left -= 1
        if self._left < 0:
            raise StoreUnavailable("gone, after the rows were in and before we knew")
        return taken


def test_an_import_that_stopped_goes_on_and_ends_as_if_it_had_not(
    desk: Desk, client: Client
) -> None:
    ids = [f"i-{number}" for number in range(3 * CHUNK)]
    text = happened(*ids) + "\nnonsense"
    dying = Dying(client.application.imports, 1)
    with pytest.raises(StoreUnavailable):
        desk.take("interactions", "a.jsonl", text, imports=dying)

    done = desk.take("interactions", "a.jsonl")

    assert (done.accepted, done.known, done.bad) == (2 * CHUNK, CHUNK, 1)
    totals = client.call("GET", "/v1/customers/c-1/export").json()["totals"]
    assert [one["count"] for one in totals] == [3 * CHUNK]


def test_what_an_import_that_was_killed_left_half_written_stops_no_other(desk: Desk) -> None:
    text = "customer_id,plan\nc-1,basic\nc-2,gold\n"
    assert desk.take("customers", "people.csv", text).bad == 1
    aside = desk.home / "people.csv.customers.aside.jsonl"
    whole = aside.read_bytes()
    aside.write_bytes(whole + whole[:10])
    assert desk.take("customers", "people.csv").bad == 1
    assert aside.read_bytes() == whole

    (reached,) = (desk.data / "imports").iterdir()
    reached.write_bytes(b"")  # a power cut
    with pytest.raises(Misconfigured, match="--again"):
        desk.take("customers", "people.csv")
    assert desk.take("customers", "people.csv", again=True).bad == 1
    assert aside.read_bytes() == whole


def test_what_is_kept_aside_is_cut_and_never_written_anew(desk: Desk) -> None:
    assert desk.take("customers", "people.csv", CUSTOMERS).bad == 4
    aside = desk.home / "people.csv.customers.aside.jsonl"
    whole = aside.read_bytes()
    aside.write_bytes(whole + whole[:10])
    least, most = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (0, most))  # no byte more is written: a full disk, a power cut
    try:
        desk.take("customers", "people.csv")
    finally:
        setrlimit(RLIMIT_FSIZE, (least, most))
    assert aside.read_bytes() == whole


def test_where_no_row_can_be_kept_aside_is_said_in_a_sentence(desk: Desk) -> None:
    aside = desk.home / "people.csv.customers.aside.jsonl"
    aside.symlink_to(desk.home / "away" / "file")  # stops even root, whom no permission would
    with pytest.raises(Misconfigured, match="import a copy of the file"):
        desk.take("customers", "people.csv", CUSTOMERS)
    aside.unlink()
    assert desk.take("customers", "people.csv").bad == 4


def test_a_link_beside_the_file_has_nothing_else_overwritten(desk: Desk) -> None:
    other = desk.home / "other"
    other.write_text("somebody's\n")
    (desk.home / "people.csv.customers.aside.jsonl").symlink_to(other)
    with pytest.raises(Misconfigured, match="cannot be written"):
        desk.take("customers", "people.csv", CUSTOMERS)
    assert other.read_text() == "somebody's\n"


def test_a_customer_whom_others_change_meanwhile_is_taken_in_all_the_same(
    desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Someone else commits between our load and our commit."""
    imports = client.application.imports
    commit_all = imports._crowd.commit_all

    def meanwhile(changes: Any) -> Any:
        client.call("PATCH", "/v1/customers/c-1", {"attributes": {"visits": 9}})
        return commit_all(changes)

    monkeypatch.setattr(imports._crowd, "commit_all", meanwhile)
    done = desk.take("customers", "a.csv", "customer_id,plan\nc-1,plus\n")
    assert done.accepted == 1
    assert desk.customer("c-1")["attributes"] == {"visits": 9, "plan": "plus"}
