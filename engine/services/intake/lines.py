"""Rows of a file, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from engine.errors import InvalidRequest
from engine.wire.tables import Line


class BadLine(NamedTuple):
    """A row kept out, and why."""

    line: Line
    what: str


@dataclass(slots=True)
class Taken:
    """What became of the rows: new, nothing new, kept out."""

    accepted: int = 0
    known: int = 0
    bad: list[BadLine] = field(default_factory=list)

    def add(self, other: Taken) -> None:
        """Count another's rows too."""
        self.accepted += other.accepted
        self.known += other.known
        self.bad += other.bad


def said(error: InvalidRequest) -> str:
    """The fault by its column, which is the last step of its pointer."""
    names = [(one.pointer.rpartition("/")[2], one.detail) for one in error.problems]
    return "; ".join(f"{name}: {detail}" if name else detail for name, detail in names)
