"""What goes into the archive, once, and what stays out."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import record
from engine.archive.compaction import FAN, Compaction
from engine.archive.opening import Keeping
from engine.archive.poison import TRIES
from engine.archive.shelf import Shelf
from engine.errors import Misconfigured, Overtaken
from engine.record import MergeRecord, VoidRecord
from engine.rows import DecisionRow, day_of
from tests.archive.builders import DAY, House, keep_all


def test_everything_logged_is_in_the_archive_once(house: House, keeping: Keeping) -> None:
    for customer in range(40):
        house.tell(f"c-{customer}", f"{customer}-a", f"{customer}-b")
    keep_all(keeping)
    house.tell("c-1", "late")
    keep_all(keeping)
    keep_all(house.keeping())
    found = house.ids()
    assert set(found.values()) == {1}
    assert len(found) == 81


def test_a_decision_is_told_with_all_that_learning_needs(house: House, keeping: Keeping) -> None:
    made = house.decide("ana")
    house.answer("ana", made, "accept")
    keep_all(keeping)
    (row,) = house.archive.decisions().to_pylist()
    assert row["decision_id"] == made
    assert (row["action"], row["placement"], row["channel"]) == ("fibre", "home.hero", "web")
    assert row["selection_probability"] == 0.5
    assert row["features"] == [1.0, 2.0]
    assert (row["catalogue"], row["models"]) == ("sha256:c", '{"propensity":"m"}')
    (answer,) = house.archive.interactions().to_pylist()
    assert (answer["decision_id"], answer["reward"]) == (made, 1.0)
    assert {row["subject"], answer["subject"]} == {house.subject("ana")}


def test_a_decision_nobody_saw_is_no_decision(house: House, keeping: Keeping) -> None:
    made, kept = house.decide("ana"), house.decide("ben")
    house.write("ana", VoidRecord(made, "ana", house.store.load("ana").now))
    keep_all(keeping)
    assert house.archive.decisions().column("decision_id").to_pylist() == [kept]
    assert house.archive.interactions().num_rows == 0


def test_neither_an_id_nor_a_personal_value_is_on_disk(house: House, keeping: Keeping) -> None:
    house.change("canary-id", plan="basic", first_name="canary-name")
    house.decide("canary-id")
    house.tell("canary-id", "canary-id", "canary@x.pt")
    keep_all(keeping)
    (change,) = house.archive.changes().to_pylist()
    assert json.loads(change["data"]) == {
        "set": {"plan": "basic"}, "hidden": ["first_name"], "removed": [],
    }  # fmt: skip
    held = [
        str(table.to_pylist())
        for table in house.archive.of_subject(house.subject("canary-id")).values()
    ]
    assert "canary" not in "".join(held)
    for path in (house.data / "archive").rglob("*"):
        assert path.is_dir() or b"canary" not in path.read_bytes()


def test_whoever_is_unknown_by_then_leaves_no_row(house: House, keeping: Keeping) -> None:
    house.tell("ana", "a")
    house.tell("ben", "b")
    house.erase("ana")
    keep_all(keeping)
    assert house.ids() == {"b": 1}


def test_what_was_decided_for_who_was_never_stored_is_told_of_nobody(
    house: House, keeping: Keeping
) -> None:
    seen, unseen = (house.decide_for_nobody("canary-id") for _ in range(2))
    void = record.encode(VoidRecord(unseen, "", house.store.load("canary-id").now))
    house.append("canary-id", void)
    keep_all(keeping)
    rows = house.archive.decisions().to_pylist()
    assert [row["decision_id"] for row in rows] == [seen]
    assert len(rows[0]["subject"]) == 32
    for path in (house.data / "archive").rglob("*"):
        assert path.is_dir() or b"canary" not in path.read_bytes()


def test_what_was_decided_for_an_erased_customer_is_not_told_of_nobody(
    house: House, keeping: Keeping
) -> None:
    house.decide("ana")
    house.erase("ana")
    keep_all(keeping)
    assert house.archive.decisions().num_rows == 0


def test_an_erased_customer_is_out_of_every_read_at_once_and_of_the_files_soon(
    house: House, keeping: Keeping
) -> None:
    house.tell("ana", "a")
    house.tell("ben", "b")
    keep_all(keeping)
    subject = house.subject("ana")
    house.erase("ana")
    assert house.ids() == {"b": 1}
    assert house.archive.of_subject(subject)["interactions"].num_rows == 0
    keeping.tidy()
    house.archive.erased.done([subject])
    assert house.ids() == {"b": 1}
    assert house.archive.erased.pending() == frozenset()
    Compaction(Shelf(house.data, ""), house.data).sweep(timedelta(0))
    assert all(
        subject.encode() not in path.read_bytes()
        for path in (house.data / "archive").rglob("*.parquet")
    )


def test_a_writer_that_asked_before_an_erasure_cannot_bring_the_rows_back(
    house: House, keeping: Keeping
) -> None:
    house.tell("ana", "a")
    slow = house.keeping()
    manifest = slow._writer._manifests.latest("")
    taken = slow._writer._taken(manifest)  # as it was before the erasure
    house.erase("ana")
    keeping.tidy()
    with pytest.raises(Overtaken):
        slow._writer._keep(manifest, taken)


def test_of_two_writers_at_once_one_commits(house: House, keeping: Keeping) -> None:
    house.tell("ana", *map(str, range(50)))
    other = house.keeping()
    writer = other._writer
    manifest = writer._manifests.latest("")
    taken = writer._taken(manifest)
    keep_all(keeping)
    with pytest.raises(Overtaken):
        writer._keep(manifest, taken)
    assert house.ids() == dict.fromkeys(map(str, range(50)), 1)
    assert Compaction(Shelf(house.data, ""), house.data).sweep(timedelta(0)) == 1
    assert len(house.ids()) == 50


def test_an_entry_nobody_can_read_is_set_aside_and_the_others_go_on(
    house: House, keeping: Keeping
) -> None:
    house.tell("ana", "before")
    house.append("ana", b"poison")
    house.tell("ana", "after")
    poison = [keeping.round().poison for _ in range(TRIES + 1)]
    assert poison == [0] * (TRIES - 1) + [1, 0]
    assert house.ids() == {"before": 1, "after": 1}
    (note,) = (house.data / "archive" / "poison").iterdir()
    assert json.loads(note.read_text())["bytes"] == len(b"poison")


def test_many_small_files_become_one_and_say_the_same(house: House, keeping: Keeping) -> None:
    for number in range(FAN):
        house.tell("ana", f"m-{number}")
        keep_all(keeping)
    before = house.ids()
    assert len(keeping._writer._manifests.latest().parts) == FAN
    keeping.tidy()
    assert house.ids() == before
    assert len(keeping._writer._manifests.latest().parts) == 1


def test_a_reader_goes_on_when_compaction_takes_its_files_away(
    house: House, keeping: Keeping
) -> None:
    for number in range(FAN):
        house.tell("ana", f"m-{number}")
        keep_all(keeping)
    stale = [house.archive.snapshot()]
    keeping.tidy()
    for path in (house.data / "archive" / "interactions").rglob("*.parquet"):
        if path.name not in {
            Path(part.path).name for part in keeping._writer._manifests.latest().parts
        }:
            path.unlink()

    def ask(now: object) -> int:
        snapshot = stale.pop() if stale else now
        return int(snapshot.table("interactions", "", "~").num_rows)  # type: ignore[attr-defined]

    assert house.archive.consistent(ask) == FAN


def test_dates_are_those_of_what_happened(house: House, keeping: Keeping) -> None:
    now = house.store.load("ana").now
    house.tell("ana", "old", at=now - 400 * DAY)
    house.tell("ana", "new")
    keep_all(keeping)
    today = date.fromisoformat(day_of(now))
    old = house.archive.interactions(until=today - timedelta(days=300), columns=["id"])
    assert house.told(old) == ["old"]
    assert house.archive.interactions(since=today - timedelta(days=2)).num_rows == 1


def test_one_who_was_merged_goes_by_the_others_subject(house: House, keeping: Keeping) -> None:
    house.tell("ben", "b")
    house.tell("ana", "a")
    house.write("ana", MergeRecord("ana", "ben", house.subject("ben"), 1))
    house.redirect("ben", "ana")
    keep_all(keeping)
    theirs = house.archive.of_subject(house.subject("ana"))
    assert house.told(theirs["interactions"]) == ["a", "b"]
    assert theirs["changes"].column("what").to_pylist() == ["merge"]


def test_the_files_may_be_anywhere_pyarrow_knows(house: House, tmp_path: Path) -> None:
    place = f"file://{tmp_path}/elsewhere"
    house.tell("ana", "a")
    keep_all(house.keeping(place))
    assert house.ids() == {"a": 1}
    assert list((tmp_path / "elsewhere").rglob("*.parquet"))
    with pytest.raises(Misconfigured, match="TELLER_ARCHIVE"):
        house.keeping().round()
    with pytest.raises(Misconfigured, match="TELLER_ARCHIVE"):
        house.keeping("nosuch://x")


def test_files_from_before_facts_were_kept_are_read(house: House, keeping: Keeping) -> None:
    made = house.decide("ana")
    keep_all(keeping)
    (path,) = (house.data / "archive").rglob("decisions/*/*.parquet")
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["facts"]), path)
    (row,) = house.archive.snapshot().rows([house.subject("ana")], 0, DAY * 50_000)
    assert isinstance(row, DecisionRow)
    assert (row.decision_id, row.facts) == (made, b"")


def test_polars_reads_the_tables(house: House, keeping: Keeping) -> None:
    polars = pytest.importorskip("polars")
    house.tell("ana", "a", "b")
    keep_all(keeping)
    frame = polars.from_arrow(house.archive.interactions())
    assert frame.select(polars.len()).item() == 2
    assert isinstance(house.archive.decisions(), pa.Table)
