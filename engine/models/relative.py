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
from engine.models.features import Encoder, Facet, Feature

_FACETS: dict[str, Facet] = {"action": "id", "group": "group", "kind": "kind"}
_Family: TypeAlias = tuple[object, ...]


class Relative:
    """`count`: how many there are. A feature that asks for an action, group or kind by name is
    one of a family: those that differ in that name alone."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._nowhere = len(encoder.columns)
        self._matches = [one.name for one in encoder.features if one.match]
        self._families: dict[_Family, list[Feature]] = {}
        for feature in encoder.features:
            if any(name in _FACETS for name in feature.where):
                self._families.setdefault(_family(feature), []).append(feature)
        widths = [len(encoder.spans[some[0].name]) for some in self._families.values()]
        self.count = sum(widths) + len(self._matches)

    def places(self, actions: Sequence[Action]) -> NDArray[np.intp]:
        """Each action's columns, one past the last where it has none; shape (actions, count)."""
        rows = [list(self._columns(action)) for action in actions]
        return np.array(rows, np.intp).reshape(len(actions), self.count)

    def _columns(self, action: Action) -> Iterator[int]:
        for some in self._families.values():
            own = next((one for one in some if _is_of(one, action)), None)
            nothing = [self._nowhere] * len(self._encoder.spans[some[0].name])
            yield from self._encoder.spans[own.name] if own else nothing
        matching = self._encoder.matching(action)
        for name in self._matches:
            yield matching.get(name, self._nowhere)


def _family(feature: Feature) -> _Family:
    where = tuple(sorted(feature.where.items()))
    asked = tuple(name for name, _ in where if name in _FACETS)
    rest = tuple(pair for pair in where if pair[0] not in _FACETS)
    return feature.source, feature.event, feature.within, feature.encoding, asked, rest


def _is_of(feature: Feature, action: Action) -> bool:
    return all(
        getattr(action, facet) == feature.where[name]
        for name, facet in _FACETS.items()
        if name in feature.where
    )
