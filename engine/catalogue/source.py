"""A file of a catalogue as plain values that remember their lines. Knows nothing of what they say.

`yaml_source.py` and `csv_source.py` make it of their kinds of text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.errors import Fault

Path = tuple[str | int, ...]


class NotReadable(Exception):
    """A file that is not YAML or CSV at all; carries the one fault that says so."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(str(fault))


@dataclass(slots=True)
class Document:
    """A file's content as dicts, lists and scalars, and where each of them stands.

    `lines` maps the id() of a container to the 0-based line of each of its keys or items.
    `faults` are those that leave the file readable, such as a key given twice.
    """

    file: str
    value: Any = None
    lines: dict[int, dict[Any, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The 1-based line of what `path` leads to, or of the nearest that exists above it."""
        value, found = self.value, 0
        for step in path:
            lines = self.lines.get(id(value), {})
            if step not in lines:
                break
            found, value = lines[step], value[step]
        return found + 1


def text_of(file: str, data: bytes) -> str:
    """The text of a file. Raises NotReadable unless it is UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n")
        raise not_readable(file, line, "not UTF-8 text", "save the file as UTF-8") from error


def not_readable(file: str, line: int, what: str, hint: str = "") -> NotReadable:
    """To be raised: that `file` is no such file, by what stands at its 0-based `line`."""
    return NotReadable(Fault(file, line + 1, what, hint))
