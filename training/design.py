"""The design matrix of a logistic model, and the way back from its coefficients.

The columns are those the engine folds: the features', then for each facet of the action
(id, group, kind) a one-hot of its values and the crosses declared with it, then matches.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from engine.domain import Action
from engine.models.encoder import Encoder
from engine.models.features import FACETS, Facet, Feature
from engine.models.logistic import LogisticArtefact, Term
from training.dataset import Examples

Vector = NDArray[np.float64]


class Design:
    """What the columns mean, given the features and the actions that training saw."""

    def __init__(self, features: Sequence[Feature], actions: Sequence[Action]) -> None:
        self._encoder = Encoder(features)
        self._values = {facet: _values(facet, actions) for facet in FACETS}
        self._matched = [feature.name for feature in features if feature.match]

    def matrix(self, table: Examples) -> sparse.csr_matrix:
        """Rows × columns; a value of a facet that training never saw is all zeros."""
        x = self._encoder.matrix(table.facts)
        blocks = [sparse.csr_matrix(x)]
        blocks += [self._facet(facet, x, table.actions) for facet in FACETS]
        blocks.append(self._matches(x, table.actions))
        return sparse.hstack(blocks, format="csr")

    def _facet(self, facet: Facet, x: Vector, actions: Sequence[Action]) -> sparse.csr_matrix:
        """For each value of the facet: whether the row has it, and then the crossed columns."""
        values = self._values[facet]
        if not values:
            return sparse.csr_matrix((len(x), 0))
        number = {value: i for i, value in enumerate(values)}
        codes = np.array([number.get(getattr(action, facet), -1) for action in actions], np.int64)
        data = np.hstack([np.ones((len(x), 1)), x[:, self._encoder.crossed(facet)]])
        data[codes < 0] = 0.0
        width = data.shape[1]
        columns = np.maximum(codes, 0)[:, None] * width + np.arange(width)
        starts = np.arange(len(x) + 1) * width
        shape = (len(x), len(values) * width)
        return sparse.csr_matrix((data.ravel(), columns.ravel(), starts), shape=shape)

    def _matches(self, x: Vector, actions: Sequence[Action]) -> sparse.csr_matrix:
        matches = np.zeros((len(x), len(self._matched)))
        columns = {action: self._encoder.matching(action) for action in set(actions)}
        for i, action in enumerate(actions):
            for name, column in columns[action].items():
                matches[i, self._matched.index(name)] = x[i, column]
        return sparse.csr_matrix(matches)

    def artefact(self, coefficients: Vector, intercept: float) -> bytes:
        """The engine's artefact of coefficients in the order of the matrix's columns."""
        parts = coefficients.tolist()
        main = _take(parts, len(self._encoder.columns))
        terms = {facet: self._terms(facet, parts) for facet in FACETS}
        made = LogisticArtefact(
            features=self._encoder.features,
            intercept=float(intercept),
            coefficients=tuple(main),
            id=terms["id"],
            group=terms["group"],
            kind=terms["kind"],
            match=dict(zip(self._matched, parts, strict=True)),
        )
        return msgspec.json.encode(made)

    def _terms(self, facet: Facet, parts: list[float]) -> dict[str, Term]:
        width = 1 + len(self._encoder.crossed(facet))
        terms: dict[str, Term] = {}
        for value in self._values[facet]:
            intercept, *slopes = _take(parts, width)
            terms[value] = Term(intercept, tuple(slopes))
        return terms


def _values(facet: Facet, actions: Sequence[Action]) -> list[str]:
    """The values seen, sorted; one that every action shares says nothing and is left out."""
    seen = {getattr(action, facet) for action in actions}
    return sorted(seen - {None}) if len(seen) > 1 else []


def _take(parts: list[float], count: int) -> list[float]:
    taken = parts[:count]
    del parts[:count]
    return taken
