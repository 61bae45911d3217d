"""Names that policies and weights select by, checked against what the catalogue declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        self.placements = frozenset(placements.names)
        self.channels_known = not placements.broken
        self._known: Mapping[str, frozenset[str]] = {
            "group": frozenset(reading.section("groups").names),
            "action": frozenset(reading.section("actions").names),
            "channel": channels,
            "placement": self.placements,
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
            words = [given] if isinstance(given, str) else given
            self.check(at, (*path, field), field, words, faults)
            chosen[field] = frozenset(words)
        return Selector(**chosen)
