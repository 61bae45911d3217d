"""What a name that is not known may have been meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_FEW = 20


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like it, else the first few there are."""
    names = sorted(known)
    if near := get_close_matches(name, names, 1):
        return f"did you mean {near[0]!r}?"
    return f"it has {', '.join(names[:_FEW])}" if names else "it has none"
