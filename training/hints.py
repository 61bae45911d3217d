"""What a name that is not known may have been meant to be."""

from __future__ import annotations

from collections.abc import Iterable

from engine.spelling import meant

_FEW = 20


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like it, else the first few there are."""
    names = sorted(known)
    if hint := meant(name, names, show=repr):
        return hint
    return f"it has {', '.join(names[:_FEW])}" if names else "it has none"
