"""What is wrong with an author's text, said so that it can be put right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.errors import TellerError
from engine.spelling import meant


class LanguageFault(NamedTuple):
    """One thing wrong with a condition: where (1-based column), what, and what to try."""

    column: int
    what: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"column {self.column}: {self.what}"
        return f"{where} ({self.hint})" if self.hint else where


class LanguageFaults(TellerError):
    """A condition that cannot be used; `faults` holds every reason, by column."""

    def __init__(self, faults: Sequence[LanguageFault]) -> None:
        self.faults = sorted(faults)
        super().__init__("; ".join(map(str, self.faults)))


def among(value: object, values: Sequence[str]) -> str:
    """A hint with the one of an enum's values most like `value`, or with all of them."""
    return meant(str(value), values) or f"its values are {', '.join(values)}"
