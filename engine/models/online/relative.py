"""Columns that mean the same relative to each action, wherever they stand in a row.

"She likes this one" (a feature's `match`) and "she took something of this one's group" (a count
of outcomes `where` the group is so and so) stand in another column for each action; what one
action's answers say of such a column holds for the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.domain import Action
from engine.models.encoder import Encoder
from engine.models.features import Facet, Feature

_FACETS: dict[str, Facet] = {"action": "id", "group": "group", "kind": "kind"}
_Family: TypeAlias = tuple[object, ...]
_Names: TypeAlias = tuple[str, ...]


class Relative:
    """`count`: how many there are. A feature that asks for an action, group or kind by name is
    one of a family: those that differ in that name alone."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._nowhere = len(encoder.columns)
        self._matches = [one.name for one in encoder.features if one.match]
        families: dict[tuple[_Names, _Family], dict[_Names, range]] = {}
        for feature in encoder.features:
            if asked := _asked(feature):
                named = tuple(feature.where[name] for name in asked)
                some = families.setdefault((asked, _family(feature)), {})
                some.setdefault(named, encoder.spans[feature.name])
        self._families = [
            ([_FACETS[name] for name in asked], some, len(next(iter(some.values()))))
            for (asked, _), some in families.items()
        ]
        self.count = sum(width for _, _, width in self._families) + len(self._matches)

    def places(self, actions: Sequence[Action]) -> NDArray[np.intp]:
        """Each action's columns, one past the last where it has none; shape (actions, count)."""
        rows = [list(self._columns(action)) for action in actions]
        return np.array(rows, np.intp).reshape(len(actions), self.count)

    def _columns(self, action: Action) -> Iterator[int]:
        for facets, some, width in self._families:
            own = some.get(tuple(getattr(action, facet) for facet in facets))
            yield from own or [self._nowhere] * width
        matching = self._encoder.matching(action)
        for name in self._matches:
            yield matching.get(name, self._nowhere)


def _asked(feature: Feature) -> tuple[str, ...]:
    """What it asks for by name, of an action."""
    return tuple(name for name in _FACETS if name in feature.where)


def _family(feature: Feature) -> _Family:
    rest = tuple(sorted(pair for pair in feature.where.items() if pair[0] not in _FACETS))
    return feature.source, feature.event, feature.within, feature.encoding, rest
