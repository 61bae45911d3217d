"""Names that policies and weights select by, checked against what the catalogue declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.catalogue.faults import Faults, Located
from engine.catalogue.reading import Reading
from engine.catalogue.shape import ContextWeightSpec, SelectorSpec
from engine.catalogue.source import Path
from engine.domain import Selector

_FIELDS = ("kind", "group", "action", "channel", "placement")


class Names:
    """Every group, action, channel and placement there is."""

    def __init__(self, reading: Reading, channels: frozenset[str]) -> None:
        placements = reading.section("placements")
        self.channels_known = not placements.broken
        self._known: Mapping[str, frozenset[str]] = {
            "group": frozenset(reading.section("groups").names),
            "action": frozenset(reading.section("actions").names),
            "channel": channels,
            "placement": frozenset(placements.names),
        }

    def check(
        self, at: Located[Any], path: Path, kind: str, names: Iterable[str], faults: Faults
    ) -> None:
        """Report each of `names` that is no `kind`."""
        known = self._known.get(kind)
        if known is None or (kind == "channel" and not self.channels_known):
            return
        for name in names:
            if name not in known:
                faults.unknown(at, path, kind, name, known)

    def selector(
        self, at: Located[Any], path: Path, spec: SelectorSpec | ContextWeightSpec, faults: Faults
    ) -> Selector:
        """What `spec` selects; names that stand for nothing are reported."""
        chosen: dict[str, frozenset[str]] = {}
        for field in _FIELDS:
            given = getattr(spec, field, [])
            words = dict(each((*path, field), given))
            for place, word in words.items():
                self.check(at, place, field, [word], faults)
            chosen[field] = frozenset(words.values())
        return Selector(**chosen)


def each(path: Path, given: str | Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Each word of one, or of a list of them, given at `path`: where it stands, and the word."""
    if isinstance(given, str):
        yield path, given
    else:
        yield from (((*path, i), word) for i, word in enumerate(given))
