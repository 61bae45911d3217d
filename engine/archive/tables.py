"""Rows as Arrow tables and back: one schema a kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec
import pyarrow as pa

from engine.archive.manifest import Kind
from engine.rows import ChangeRow, DecisionRow, InteractionRow, Row, day_of, placed_at

_AT = pa.timestamp("ms", tz="UTC")
_TEXT = pa.string()
_NUMBER = pa.float64()
_ROW = {"partition": pa.int16(), "entry": _TEXT, "subject": _TEXT, "at": _AT}

SCHEMAS: Mapping[Kind, pa.Schema] = {
    "decisions": pa.schema(
        {
            **_ROW,
            **dict.fromkeys(("decision_id", "channel", "placement"), _TEXT),
            **dict.fromkeys(("action", "kind", "treatment"), _TEXT),
            "rank": pa.int32(),
            **dict.fromkeys(("propensity", "value", "priority", "selection_probability"), _NUMBER),
            "features": pa.list_(_NUMBER),
            "fallback": pa.bool_(),
            **dict.fromkeys(("mode", "catalogue", "models"), _TEXT),
            "facts": pa.binary(),
        }
    ),
    "interactions": pa.schema(
        {
            **_ROW,
            **dict.fromkeys(("id", "type", "decision_id", "action", "placement"), _TEXT),
            **dict.fromkeys(("channel", "topic", "status"), _TEXT),
            **dict.fromkeys(("reward", "value"), _NUMBER),
        }
    ),
    "changes": pa.schema({**_ROW, "what": _TEXT, "data": _TEXT}),
}
_ROWS: Mapping[Kind, type[DecisionRow] | type[InteractionRow] | type[ChangeRow]] = {
    "decisions": DecisionRow,
    "interactions": InteractionRow,
    "changes": ChangeRow,
}
_KIND_OF: Mapping[type[Row], Kind] = {row: kind for kind, row in _ROWS.items()}


def kind_of(row: Row) -> Kind:
    """Which table a row belongs to."""
    return _KIND_OF[type(row)]


def by_file(rows: Iterable[Row]) -> dict[tuple[Kind, str], list[Row]]:
    """The rows by kind and date."""
    files: defaultdict[tuple[Kind, str], list[Row]] = defaultdict(list)
    for row in rows:
        files[kind_of(row), day_of(placed_at(row))].append(row)
    return files


def to_table(kind: Kind, rows: Iterable[Row]) -> pa.Table:
    """Rows of one kind as a table, a customer's together and in order of time."""
    ordered = sorted(rows, key=lambda row: (row.subject, row.at, row.entry))
    schema = SCHEMAS[kind]
    columns = {name: [getattr(row, name) for row in ordered] for name in schema.names}
    return pa.table(columns, schema=schema)


def to_rows(kind: Kind, table: pa.Table) -> list[Row]:
    """The rows of a table of that kind."""
    at = table.schema.get_field_index("at")
    numbers = table.set_column(at, "at", table.column("at").cast(pa.int64()))
    return [msgspec.convert(_whole(row), _ROWS[kind]) for row in numbers.to_pylist()]


def _whole(row: dict[str, object]) -> dict[str, object]:
    """With the facts that files from before they were kept do not have."""
    return row if row.get("facts", b"") is not None else {**row, "facts": b""}
