"""Files to import: CSV, JSON lines or Parquet, row by row, each with its place in the file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from engine.errors import InvalidRequest, Misconfigured
from engine.wire.body import check_once
from engine.wire.problems import nearest

_BATCH = 1000
_BYTE = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` makes of a byte that is no UTF-8."""


class Line(NamedTuple):
    """A row: where it is (the line in CSV and JSON lines, the row in Parquet, both from 1), and
    what it says; `fault` is why it says nothing."""

    number: int
    cells: Mapping[str, Any]
    fault: str = ""


def read_table(path: Path) -> Iterator[Line]:
    """The rows of a file by its ending. Raises Misconfigured for a file that is none of ours.

    Empty cells and nulls are left out: they say nothing.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise Misconfigured(
            f"{path.name}: a file to import ends in {', '.join(_READERS)}"
            f"{nearest(path.suffix.lower(), _READERS)}"
        )
    with path.open("rb") as file:
        yield from read(file)


def is_text(path: Path) -> bool:
    """Whether every cell is text, whatever it stands for."""
    return path.suffix.lower() == ".csv"


def _csv(file: BinaryIO) -> Iterator[Line]:
    with io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as text:
        reader = csv.reader(text, strict=True)
        header = _header(reader)
        while True:
            number = reader.line_num + 1  # a quoted cell may run over several lines: the first
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Line(number, {}, f"is not CSV: {error}")
                continue
            if row:
                yield _csv_line(number, header, row)


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(reader)]
    except (StopIteration, csv.Error):
        raise Misconfigured("the file has no first line that names its columns") from None
    if any(map(_BYTE.search, header)):
        raise Misconfigured("the first line is not UTF-8: save the file as UTF-8")
    twice = {name for name in header if header.count(name) > 1}
    if twice or "" in header:
        what = f"names {', '.join(sorted(twice))} twice" if twice else "leaves a column unnamed"
        raise Misconfigured(f"the first line {what}")
    return header


def _csv_line(number: int, header: list[str], row: list[str]) -> Line:
    if len(row) != len(header):
        return Line(number, {}, f"has {len(row)} cells, the first line names {len(header)}")
    if any(map(_BYTE.search, row)):
        return Line(number, {}, "is not UTF-8")
    return Line(number, {name: cell for name, cell in zip(header, row, strict=True) if cell != ""})


def _json_lines(file: BinaryIO) -> Iterator[Line]:
    for number, text in enumerate(file, 1):
        if not text.strip():
            continue
        try:
            cells = msgspec.json.decode(text)
            check_once(text)  # of a no and a yes the latter would count
        except InvalidRequest as error:
            yield Line(number, {}, str(error))
            continue
        except (ValueError, RecursionError) as error:  # the latter of what is nested too deep
            yield Line(number, {}, f"is not JSON: {error}")
            continue
        if isinstance(cells, dict):
            yield Line(number, {name: cell for name, cell in cells.items() if cell is not None})
        else:
            yield Line(number, {}, "is no JSON object")


def _parquet(file: BinaryIO) -> Iterator[Line]:
    try:
        parquet = import_module("pyarrow.parquet")
        wrong = import_module("pyarrow").ArrowException
    except ImportError:
        raise Misconfigured("to read Parquet: pip install pyarrow") from None
    try:
        number = 0
        for batch in parquet.ParquetFile(file).iter_batches(_BATCH):
            for row in _rows(batch):
                number += 1
                yield _parquet_line(number, row)
    except (wrong, OSError) as error:  # the latter of what is damaged
        what = str(error).strip()
        raise Misconfigured(f"the file is not Parquet as we read it: {what}") from None


def _rows(batch: Any) -> list[Any]:
    """Each row's cells, or why they cannot be read: a text that is no UTF-8, a day out of reach."""
    try:
        return list(batch.to_pylist())
    except (ValueError, OverflowError) as error:
        if len(batch) == 1:
            return [str(error)]
        return [row for at in range(len(batch)) for row in _rows(batch.slice(at, 1))]


def _parquet_line(number: int, row: Any) -> Line:
    if isinstance(row, str):
        return Line(number, {}, f"cannot be read: {row}")
    return Line(number, {name: _json(cell) for name, cell in row.items() if cell is not None})


def _json(cell: object) -> object:
    """A cell as JSON would say it. A time without a zone is UTC, a date its first moment."""
    if isinstance(cell, datetime):
        return (cell if cell.tzinfo else cell.replace(tzinfo=UTC)).isoformat()
    if isinstance(cell, date):
        return f"{cell.isoformat()}T00:00:00Z"
    return float(cell) if isinstance(cell, Decimal) else cell


_READERS: Mapping[str, Callable[[BinaryIO], Iterator[Line]]] = {
    ".csv": _csv,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}
