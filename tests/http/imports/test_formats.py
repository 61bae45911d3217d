"""CSV, Parquet and JSON lines as they come: strange cells, damaged files."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import Misconfigured
from tests.http.imports.desk import Desk


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


def test_a_file_does_not_steer_the_terminal_of_who_imports_it(desk: Desk) -> None:
    purpose = "\x1b]0;mine\x07\x9b2Jmarketing"
    desk.take("consents", "a.csv", f"customer_id,purpose,status\nc-1,{purpose},denied\n")
    assert "mine" in desk.said
    assert not {"\x1b", "\x07", "\x9b"} & {*desk.said}


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
