"""Files taken in: what they tell counts at once, once, and each bad row is named."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from engine.errors import Misconfigured, StoreUnavailable
from engine.importing import CHUNK, Progressed, import_file
from engine.services.intake.imports import Taken
from engine.wire.imports import Kind
from tests.http.conftest import Client

CUSTOMERS = """customer_id,plan,first_name,visits,since,notice
c-1,basic,"Ana
Maria",4,2025-01-01T00:00:00Z,2h
c-2,gold,Rui,3,,
c-3,plus,,many,,
,basic,,,,
c-4,fibre,Eva,,,
c-5,basic
"""


class Desk:
    """Imports into one house, from files in one directory."""

    def __init__(self, client: Client, home: Path) -> None:
        self._client = client
        self.home = home
        self.data = home / "data"
        self.said = ""

    def take(self, kind: Kind, name: str, text: str | None = None, **more: Any) -> Progressed:
        path = self.home / name
        if text is not None:
            path.write_text(text)
        told = io.StringIO()
        console = Console(file=told, width=200)
        imports = more.pop("imports", self._client.application.imports)
        try:
            return import_file(imports, kind, path, self.data, console, **more)
        finally:
            self.said = told.getvalue()

    def customer(self, customer: str) -> Any:
        return self._client.call("GET", f"/v1/customers/{customer}").json()


@pytest.fixture
def desk(client: Client, tmp_path: Path) -> Desk:
    return Desk(client, tmp_path)


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


def happened(*ids: str) -> str:
    at = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    rows = [
        {"id": one, "customer_id": "c-1", "type": "purchase", "channel": "shop", "at": at}
        for one in ids
    ]
    return "\n".join(msgspec.json.encode(row).decode() for row in rows)


def test_an_interaction_counts_once_however_often_and_in_whatever_file_it_comes(
    desk: Desk, client: Client
) -> None:
    assert desk.take("interactions", "a.jsonl", happened("i-1", "i-2")).accepted == 2
    assert desk.take("interactions", "a.jsonl", again=True).known == 2
    assert desk.take("interactions", "b.jsonl", happened("i-2", "i-3")) == Progressed(2, 1, 1, 0)
    totals = client.call("GET", "/v1/customers/c-1/export").json()["totals"]
    assert [(one["type"], one["count"]) for one in totals] == [("purchase", 3)]


def test_a_file_that_is_in_is_not_taken_in_twice(desk: Desk, client: Client) -> None:
    first = desk.take("interactions", "a.jsonl", happened("i-1"))
    assert "is in up to" not in desk.said
    assert desk.take("interactions", "a.jsonl") == first
    assert "a.jsonl is in up to line 1; --again reads it from its beginning" in desk.said
    assert desk.take("interactions", "renamed.jsonl", happened("i-1")) == first
    assert len(client.call("GET", "/v1/customers/c-1/export").json()["log"]) == 1


def test_an_interaction_says_when_it_was(desk: Desk) -> None:
    desk.take(
        "interactions", "a.jsonl", '{"id": "i", "customer_id": "c-1", "type": "visit"}\n[1]\n{'
    )
    assert "a.jsonl:1: at is required" in desk.said
    assert "a.jsonl:2: is no JSON object" in desk.said
    assert "a.jsonl:3: is not JSON" in desk.said


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


def test_parquet_says_the_same_as_csv(desk: Desk) -> None:
    table = pa.table(
        {
            "customer_id": ["c-1", "c-2"],
            "visits": [4, None],
            "since": [datetime(2025, 1, 1), None],  # noqa: DTZ001  (as files have it)
            "plan": ["basic", "gold"],
        }
    )
    pq.write_table(table, desk.home / "people.parquet")
    done = desk.take("customers", "people.parquet")
    assert (done.accepted, done.bad) == (1, 1)
    assert desk.customer("c-1")["attributes"] == {
        "visits": 4, "since": "2025-01-01T00:00:00.000Z", "plan": "basic"
    }  # fmt: skip
    assert "people.parquet:2: plan: must be one of" in desk.said


def test_a_row_that_is_not_utf_8_harms_no_other(desk: Desk) -> None:
    (desk.home / "a.csv").write_bytes(b"customer_id,first_name\nc-1,\xff\nc-2,Jo\xc3\xa3o\n")
    done = desk.take("customers", "a.csv")
    assert (done.accepted, done.bad) == (1, 1)
    assert "a.csv:2: is not UTF-8" in desk.said
    assert desk.customer("c-2")["attributes"] == {"first_name": "João"}


@pytest.mark.parametrize(
    "name, text",
    [
        ("a.csv", 'customer_id,id,type,at,properties\nc-1,1,call,{at},"{{""a"": ""\\u0000""}}"\n'),
        ("a.csv", "customer_id,id,type,at,properties\nc-1,1,call\0,{at},\n"),
        (
            "a.jsonl",
            '{{"customer_id": "c-1", "id": "1", "type": "call", "at": "{at}", '
            '"properties": {{"a": ["\\u0000"]}}}}\n',
        ),
    ],
)
def test_a_nul_is_kept_out_however_deep_in_a_row(desk: Desk, name: str, text: str) -> None:
    at = datetime.now(UTC).isoformat()
    assert desk.take("interactions", name, text.format(at=at)).bad == 1
    assert "must hold no NUL character" in desk.said


def test_a_row_of_parquet_that_cannot_be_read_harms_no_other(desk: Desk) -> None:
    offsets, broken = np.array([0, 2, 7], np.int32).tobytes(), b"\xff\xfebasic"
    plans = pa.Array.from_buffers(pa.string(), 2, [None, *map(pa.py_buffer, (offsets, broken))])
    people = pa.table({"customer_id": ["c-1", "c-2"], "plan": plans})
    pq.write_table(people, desk.home / "people.parquet")
    done = desk.take("customers", "people.parquet")
    assert (done.accepted, done.bad) == (1, 1)
    assert "people.parquet:1: cannot be read: 'utf-8' codec" in desk.said
    assert desk.customer("c-2")["attributes"] == {"plan": "basic"}


@pytest.mark.parametrize("value", ["nan", "-inf", "1e999"])
def test_a_number_that_json_cannot_say_is_kept_out(desk: Desk, value: str) -> None:
    at = "2026-01-01T00:00:00Z"
    text = f"customer_id,id,type,at,value\nc-1,1,call,{at},{value}\nc-1,2,call,{at},2.5\n"
    done = desk.take("interactions", "calls.csv", text)
    assert (done.accepted, done.bad) == (1, 1)
    assert "calls.csv:2: value: must be a finite number" in desk.said


def test_a_cell_of_endless_brackets_is_kept_out(desk: Desk) -> None:
    deep, at = "[" * 100_000, "2026-01-01T00:00:00Z"
    text = f"customer_id,id,type,at,properties\nc-1,1,call,{at},{deep}\n"
    assert desk.take("interactions", "calls.csv", text).bad == 1
    assert "calls.csv:2: properties: must be an object" in desk.said


@pytest.mark.parametrize("written", ["latin-1", "utf-16"])
def test_a_file_whose_first_line_is_not_utf_8_is_refused_with_a_word(
    desk: Desk, written: str
) -> None:
    (desk.home / "a.csv").write_bytes("customer_id,prénom\nc-1,Ana\n".encode(written))
    with pytest.raises(Misconfigured, match="save the file as UTF-8"):
        desk.take("customers", "a.csv")


def test_a_damaged_file_of_parquet_is_refused_with_a_word(desk: Desk) -> None:
    path = desk.home / "people.parquet"
    pq.write_table(pa.table({"customer_id": ["c-1"] * 100}), path)
    whole = path.read_bytes()
    for at in (20, len(whole) // 2):
        path.write_bytes(whole[:at] + b"\xff" * 30 + whole[at + 30 :])
        with pytest.raises(Misconfigured, match="not Parquet as we read it"):
            desk.take("customers", "people.parquet")


def test_a_file_of_another_kind_is_refused_with_a_word(desk: Desk) -> None:
    with pytest.raises(Misconfigured, match=r"\.csv, \.jsonl, \.ndjson, \.parquet"):
        desk.take("customers", "people.xlsx", "x")
    with pytest.raises(Misconfigured, match="not Parquet"):
        desk.take("customers", "people.parquet", "x")
    with pytest.raises(Misconfigured, match="names a twice"):
        desk.take("customers", "people.csv", "a,a\n1,2\n")


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
