"""CSV text to rows that remember their lines. Knows nothing of tables."""

from __future__ import annotations

import csv

from engine.catalogue.source import Document, not_readable, text_of


def read_csv(file: str, data: bytes) -> Document:
    """The rows of a CSV file as lists of text, blank lines left out. Raises NotReadable."""
    document = Document(file, [])
    reader = csv.reader(text_of(file, data).splitlines(keepends=True), strict=True)
    lines = document.lines[id(document.value)] = {}
    try:
        for row in reader:
            if row:
                lines[len(document.value)] = reader.line_num - 1
                document.value.append([cell.strip() for cell in row])
    except csv.Error as error:
        raise not_readable(file, max(reader.line_num - 1, 0), f"not a CSV row: {error}") from error
    return document
