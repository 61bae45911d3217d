"""A file's cells are what the catalogue declares, so that a model learns from what it is told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from engine.errors import Misconfigured
from tests.builders import catalogue
from training.batch.mapping import to_past
from training.batch.past import Past
from training.offpolicy.mapping import Columns, read_frame, text_columns, to_log
from training.promotion.evidence import of_file

SCHEMA = catalogue(
    schema={
        "attributes": {
            "plan": {"type": "string", "enum": ["1", "2"]},
            "zip": {"type": "string"},
            "age": {"type": "int"},
            "spend": {"type": "double"},
            "loyal": {"type": "bool"},
            "since": {"type": "timestamp"},
            "likes": {"type": "list<string>"},
        },
        "context": {"page": {"type": "string"}},
        "purposes": ["marketing"],
    }
)


def read(folder: Path, text: str, columns: Columns) -> Past:
    (folder / "past.csv").write_text(text)
    frame = read_frame(folder / "past.csv", text_columns(columns, SCHEMA))
    return to_past(frame, columns, SCHEMA)


def test_a_cell_is_read_by_the_type_the_catalogue_declares(tmp_path: Path) -> None:
    names = ("plan", "zip", "age", "spend", "loyal", "since", "likes")
    text = (
        "offer,y,plan,zip,age,spend,loyal,since,likes,page\n"
        "101,1,1,01067,34,7,yes,1970-01-01T00:00:01Z,wine;fruit,12\n"
        "102,0,,,28.0,,no,,,\n"
    )
    past = read(tmp_path, text, Columns("offer", "y", names, ("page",)))
    first, second = past.table.facts
    assert first.customer == {
        "plan": "1", "zip": "01067", "age": 34, "spend": 7.0, "loyal": True, "since": 1000,
        "likes": ["wine", "fruit"],
    }  # fmt: skip
    assert [type(first.customer[name]) for name in ("age", "spend")] == [int, float]
    assert first.context == {"page": "12"}
    assert (second.customer, second.context) == ({"age": 28, "loyal": False}, {})


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ({"plan": "3"}, "'plan': row 2: '3' must be one of 1, 2"),
        ({"age": "old"}, "'age': row 2: 'old' must be a whole number"),
        ({"loyal": "perhaps"}, "'loyal': row 2: 'perhaps' must be true or false"),
    ],
)
def test_a_cell_that_could_never_be_told_is_refused_with_its_place(
    tmp_path: Path, cell: dict[str, str], said: str
) -> None:
    ((name, value),) = cell.items()
    with pytest.raises(Misconfigured, match=said):
        read(tmp_path, f"offer,y,{name}\na,1,\nb,0,{value}\n", Columns("offer", "y", (name,)))


def test_an_attribute_the_catalogue_does_not_declare_is_refused_with_the_nearest(
    tmp_path: Path,
) -> None:
    with pytest.raises(Misconfigured, match="no customer attribute 'lojal'; did you mean 'loyal'"):
        read(tmp_path, "offer,y,lojal\na,1,yes\n", Columns("offer", "y", ("lojal",)))


def test_names_that_look_like_numbers_are_names_and_a_row_without_an_action_is_refused(
    tmp_path: Path,
) -> None:
    past = read(tmp_path, "offer,y,who\n007,1,1\n7,0,\n", Columns("offer", "y", subject="who"))
    assert [one.id for one in past.table.actions] == ["007", "7"]
    with pytest.raises(Misconfigured, match="'offer': row 2 names no action"):
        read(tmp_path, "offer,y\n7,1\n,0\n", Columns("offer", "y"))


def test_a_parquet_file_s_own_types_bind_nobody() -> None:
    frame = pd.DataFrame(
        {"offer": ["a"], "y": [1], "plan": [1.0], "age": [34.0], "loyal": [1], "likes": [["x"]],
         "since": [pd.Timestamp("1970-01-01T00:00:01Z")]}
    )  # fmt: skip
    names = ("plan", "age", "loyal", "likes", "since")
    (facts,) = to_past(frame, Columns("offer", "y", names), SCHEMA).table.facts
    assert facts.customer == {
        "plan": "1", "age": 34, "loyal": True, "likes": ["x"], "since": 1000,
    }  # fmt: skip


def test_what_a_file_leaves_out_is_what_a_decision_would_be_told() -> None:
    attributes = {"risk": {"type": "double", "default": 0.5}, "plan": {"type": "string"}}
    declared = catalogue(schema={"attributes": attributes, "purposes": ["marketing"]})
    frame = pd.DataFrame(
        {"offer": ["1", "1"], "y": [1, 0], "risk": [0.9, None], "plan": [None, "x"]}
    )
    columns = Columns("offer", "y", ("risk", "plan"))
    first, second = to_past(frame, columns, declared).table.facts
    assert first.customer == {"risk": 0.9}
    assert second.customer == {"risk": 0.5, "plan": "x"}
    (only,) = to_past(frame[:1], Columns("offer", "y"), declared).table.facts
    assert only.customer == {"risk": 0.5}


def test_the_gate_reads_a_file_as_training_does(tmp_path: Path) -> None:
    (tmp_path / "past.csv").write_text("offer,y,chance,zip,loyal\n1,1,0.5,01067,yes\n2,0,0.5,,no\n")
    (tmp_path / "mapping.yaml").write_text(
        "{action: offer, reward: y, selection_probability: chance, customer: [zip, loyal]}"
    )
    table = of_file(tmp_path / "past.csv", tmp_path / "mapping.yaml", SCHEMA, 0).table
    assert table is not None
    assert [one.customer for one in table.facts] == [
        {"zip": "01067", "loyal": True},
        {"loyal": False},
    ]


def test_a_row_that_says_nobody_s_name_is_a_customer_of_its_own_and_an_empty_channel_none(
    tmp_path: Path,
) -> None:
    text = "offer,y,who,sent_by\na,1,ana,web\na,0,,\na,0,,\na,1,ana,web\n"
    past = read(tmp_path, text, Columns("offer", "y", subject="who", channel="sent_by"))
    assert past.table.subjects.tolist() == [0, 1, 2, 0]
    assert [one.channel for one in past.table.facts] == ["web", "", "", "web"]
    frame = read_frame(tmp_path / "past.csv").assign(chance=0.5)
    log = to_log(frame, Columns("offer", "y", subject="who", selection_probability="chance"))
    assert log.subjects.tolist() == [0, 1, 2, 0]


def test_a_time_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="'at' must hold times") as refused:
        read(tmp_path, "offer,y,at\na,1,31/01/2026\n", Columns("offer", "y", at="at"))
    assert "\n" not in str(refused.value)
