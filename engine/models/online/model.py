"""Online model: shared terms, and a Bayesian linear regression an action on expanded columns.

What serves (`snapshot`): of all actions together the terms they share, of each by
itself mean weights and a diagonal precision, so that all are predicted by two matrix products, and
what is recalled of the latest answers; and which of the two is believed how much. What learns is
in `learner`.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.domain import Action, Facts
from engine.errors import ModelRefused
from engine.models.base import Predicted
from engine.models.encoder import Encoder
from engine.models.online.arms import Arms
from engine.models.online.balance import Balance
from engine.models.online.belief import Belief
from engine.models.online.expansion import Expansion, binary
from engine.models.online.hindsight import Hindsight
from engine.models.online.recall import Recall
from engine.models.online.shared import Shared
from engine.models.online.snapshot import OnlineArtefact

MOST_TERMS = 1_000
"""Columns, and as many features at most, as those without a column of their own are terms, too."""


class OnlinePredictor:
    """A snapshot bound to one catalogue's actions; `places`: each one's row in the belief."""

    def __init__(
        self,
        version: str,
        encoder: Encoder,
        expansion: Expansion,
        belief: Belief,
        places: NDArray[np.intp],
    ) -> None:
        self.version = version
        self._encode = encoder.encode
        self._expand = expansion
        self._belief = belief
        self._places = places

    def predict(self, facts: Facts) -> Predicted:
        features = self._encode(facts)
        x = np.array(features)
        propensities, scales = self._belief.about(x, self._expand(x))
        return Predicted(
            propensities.take(self._places), tuple(features), scales.take(self._places)
        )


class OnlineModel:
    """A snapshot, of any catalogue."""

    kind = "online"

    def __init__(self, artefact: OnlineArtefact, version: str) -> None:
        """Raises ModelRefused for arms that do not fit the columns."""
        self.version = version
        self.artefact = artefact
        self.encoder = Encoder(artefact.features)
        self.reach = self.encoder.reach
        _fits(len(artefact.features), len(self.encoder.columns))
        self._expansion = Expansion(binary(self.encoder), artefact.waves, artefact.scale)
        self._arms = Arms(artefact.arms, self._expansion.size)
        self._restored({}, ())

    def bind(self, actions: Sequence[Action]) -> OnlinePredictor:
        # By id, whatever their order: a product's last bits depend on where a row stands.
        ordered = sorted(actions, key=lambda one: one.id)
        rows = {action.id: row for row, action in enumerate(ordered)}
        weights, variances = np.zeros((2, len(rows), self._expansion.size), np.float32)
        seen = np.zeros(len(rows))
        for row, action in enumerate(ordered):
            weights[row], precision, seen[row] = self._arms.believed(action)
            variances[row] = 1.0 / precision
        places = np.array([rows[action.id] for action in actions], np.intp)
        belief = Belief(weights, variances, seen, *self._restored(rows, ordered))
        return OnlinePredictor(self.version, self.encoder, self._expansion, belief, places)

    def _restored(
        self, rows: dict[str, int], actions: Sequence[Action]
    ) -> tuple[Recall, Hindsight, Shared, Balance]:
        recall, hindsight = Recall(self._expansion), Hindsight(self._expansion.columns)
        recall.restore(self.artefact.memories, rows, len(rows))
        hindsight.restore(self.artefact.hindsights, rows, len(rows))
        shared = Shared(self.encoder, self._expansion)
        shared.restore(self.artefact.shares, actions)
        return recall, hindsight, shared, Balance(self.artefact.balance)


def parse_online(data: bytes, version: str) -> OnlineModel:
    """An online model from its artefact (JSON). Raises ModelRefused."""
    try:
        return OnlineModel(msgspec.json.decode(data, type=OnlineArtefact), version)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ModelRefused(f"not an online model's artefact: {error}") from error


def _fits(features: int, columns: int) -> None:
    """Raises ModelRefused for more features or columns than can be served."""
    if features > MOST_TERMS:
        raise ModelRefused(f"{features:,} features; at most {MOST_TERMS:,}")
    if columns > MOST_TERMS:
        raise ModelRefused(f"features make {columns:,} columns; at most {MOST_TERMS:,}")
