"""What any report's page must be, read as its tables."""

from __future__ import annotations

import re
from html.parser import HTMLParser


class _Tables(HTMLParser):
    """The cells of every table, a row a list; those that span columns are left out."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self._within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._within = "colspan" not in dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        self._within = self._within and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._within:
            self.tables[-1][-1][-1] += data


def ragged(page: str) -> list[list[str]]:
    """Columns of figures that have not all as many decimals."""
    read = _Tables()
    read.feed(page)
    columns = [
        [row[place].strip() for row in rows if place < len(row)]
        for _, *rows in read.tables
        for place in range(max(map(len, rows), default=0))
    ]
    return [column for column in columns if len(_decimals(column)) > 1]


def _decimals(column: list[str]) -> set[int]:
    figures = [re.findall(r"[-+]?\d[\d,]*(?:\.\d+)?", cell) for cell in column if _FIGURE(cell)]
    return {len(one.partition(".")[2]) for cell in figures for one in cell}


_FIGURE = re.compile(r"[-+]?\d[\d,.]*%?(?: \(.*\))?").fullmatch
