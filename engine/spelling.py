"""What a name nobody knows may have been meant to be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches


def meant(name: str, known: Iterable[str], lead: str = "", show: Callable[[str], str] = str) -> str:
    """A hint with the known name most like `name`, or nothing when none is like it.

    `lead` stands before the hint, such as "; " where a sentence goes on; `show` writes the name.
    """
    close = get_close_matches(name, known, 1)
    return f"{lead}did you mean {show(close[0])}?" if close else ""
