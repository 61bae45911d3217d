"""What can still be read of a part with faults of shape, so that the rest of it is looked at too.

A key that does not fit is left out; where the part cannot do without it, something of the right
shape stands in. What is said of a stand-in is not the author's fault, and is not told
(`Located.hides`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import msgspec

from engine.catalogue.source import Path
from engine.catalogue.wording import UNBUILT_KEYS, Misfit, definitions, misfits

_WORD = "_"  # a text, a name and an id


def salvaged(raw: object, shape: Any, found: Sequence[Misfit]) -> Any:
    """A `shape` of what fits in `raw`; None when nothing is left, as of what is no mapping."""
    left = deepcopy(raw)
    for misfit in found:
        _leave_out(left, misfit.path)
    try:
        return msgspec.convert(left, shape)
    except msgspec.ValidationError as error:
        for gap in misfits(left, shape, error):
            _put(left, gap.path, _stand_in(gap.wanted, definitions(shape)))
    try:
        return msgspec.convert(left, shape)
    except msgspec.ValidationError:
        return None


def lost(misfit: Misfit) -> Path:
    """Where something is missing for that misfit: `*` for any key, of which one is misspelt."""
    if not misfit.surplus or misfit.path[-1] in UNBUILT_KEYS:
        return misfit.path or ("*",)
    return (*misfit.path[:-1], "*")


def _leave_out(left: Any, path: Path) -> None:
    """Without what stands at `path`; in a list an empty place is left, so that the others stay."""
    holder = _holder(left, path)
    if isinstance(holder, dict):
        holder.pop(path[-1], None)
    elif isinstance(holder, list):
        holder[int(path[-1])] = None


def _put(left: Any, path: Path, value: object) -> None:
    holder = _holder(left, path)
    if isinstance(holder, dict | list):
        holder[path[-1]] = value  # type: ignore[index]


def _holder(left: Any, path: Path) -> Any:
    """The mapping or list that holds what stands at `path`; None where it has been left out."""
    for step in path[:-1]:
        if left is None:
            return None
        left = left.get(step) if isinstance(left, dict) else left[step]
    return left if path else None


def _stand_in(wanted: Mapping[str, Any], named: Mapping[str, Any]) -> Any:
    """The least value that a JSON schema takes."""
    value: Any = None
    match wanted:
        case {"$ref": name}:
            value = _stand_in(named[name.rpartition("/")[2]], named)
        case {"anyOf": [first, *_]}:
            value = _stand_in(first, named)
        case {"enum": [first, *_]}:
            value = first
        case {"type": "string"}:
            value = _WORD
        case {"type": "integer" | "number"}:
            value = wanted.get("minimum", 0)
        case {"type": "array", "items": items}:
            value = [_stand_in(items, named)] * wanted.get("minItems", 0)
        case {"type": "object"}:
            keys = wanted.get("required", ())
            value = {key: _stand_in(wanted["properties"][key], named) for key in keys}
    return value
