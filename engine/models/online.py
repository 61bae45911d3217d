"""Online model: shared terms, and a Bayesian linear regression an action on expanded columns.

What serves (`OnlineArtefact`): of all actions together the terms they share, of each by itself
mean weights and a diagonal precision, so that all are scored by two matrix products, and what is
recalled of the latest answers; and which of the two is believed how much. What learns is in
`engine.models.learner`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain import Action, Facts
from engine.errors import ModelRefused
from engine.models.balance import Balance, Moments
from engine.models.base import Scored
from engine.models.expansion import Expansion, Scale, Vector, Waves, unpacked
from engine.models.features import FACETS, Encoder, Feature, Number
from engine.models.hindsight import Hindsight, Hindsights
from engine.models.logistic import LARGEST
from engine.models.memories import Memories
from engine.models.recall import Recall
from engine.models.shared import Shared, Shares

Columns: TypeAlias = NDArray[np.float64]

RIDGE = 2.0
"""Prior precision of every weight."""

FRESH = 4.0
"""Prior variance of an action's mean, where none of its answers was nearby."""

LEAST = 1e-3
"""No propensity is lower: what never worked yet may still be tried."""

MOST_COLUMNS = 1_000
"""And as many features at most, as those without a column of their own are terms, too."""

_MOST_SEEN = 1e15  # answers

_BOLDNESS = 1.5
_CERTAIN = 1.4
_PATIENCE = 1.5


class Arm(Struct, frozen=True, forbid_unknown_fields=True):
    """What is believed of one action: `weights` and `precision`, one float32 an expanded
    column; `seen` says how many answers that rests on."""

    group: str | None
    kind: str
    seen: float
    weights: bytes
    precision: bytes


class OnlineArtefact(Struct, frozen=True, forbid_unknown_fields=True, tag="teller.online.5"):
    """A snapshot of a learner: all that serving needs."""

    features: tuple[Feature, ...]
    scale: Scale
    waves: Waves
    arms: dict[str, Arm] = {}
    memories: Memories = Memories()
    hindsights: Hindsights = Hindsights()
    shares: Shares = Shares()
    balance: Moments = (0.0,) * 8


class Belief(NamedTuple):
    """Of all actions: `weights` and `variances`, each (actions × expanded columns), how many
    answers each has `seen`, what is recalled of them and known in hindsight; what they share, and
    how much that counts."""

    weights: Vector
    variances: Vector
    seen: NDArray[np.float64]
    recall: Recall
    hindsight: Hindsight
    shared: Shared
    balance: Balance

    def means(self, x: Columns, phi: Vector) -> tuple[Columns, Columns]:
        """Of a row of raw columns and the same expanded, what each action is expected to bring,
        and the share of its answers that were nearby; each (actions,)."""
        alone = self.weights.dot(phi).astype(np.float64)
        corrections, shares = self.recall.about(phi, len(self.weights))
        rest = alone + corrections
        return rest + self.hindsight.about(x, rest, alone), shares

    def about(self, x: Columns, phi: Vector) -> tuple[Columns, Columns]:
        """Propensities and how far above them the truth may plausibly be; each (actions,). Who
        counts for nothing is not asked."""
        share = self.balance.shared
        if share <= 0.0:
            return self.apart(x, phi)
        propensities, hopes = self.shared.about(x, phi)
        if share < 1.0:
            own, further = self.apart(x, phi)
            propensities = share * propensities + (1.0 - share) * own
            hopes = share * hopes + (1.0 - share) * further
        return propensities, hopes

    def apart(self, x: Columns, phi: Vector) -> tuple[Columns, Columns]:
        """The same by each action's own answers.

        Midway between the deviation of the weights' mean and that of a mean of the answers
        nearby, times the boldness that did best on the bake-off. It shrinks as the best
        propensity nears one, for there trying others can gain nothing. A mean below `LEAST`
        is lifted to it and its hope is left where it was.
        """
        means, shares = self.means(x, phi)
        spreads = np.sqrt(self.variances.dot(phi * phi)).astype(np.float64)
        spreads += 1.0 / np.sqrt(1.0 / FRESH + self.seen * shares)
        best = min(max(float(means.max(initial=0.0)), 0.0), 1.0)
        spreads *= _BOLDNESS / 2.0 * max(0.0, 1.0 - _CERTAIN * best) ** _PATIENCE
        propensities = means.clip(LEAST, 1.0)
        hopes = np.minimum(means, 1.0) + spreads
        return propensities, np.maximum(hopes - propensities, 0.0)


class OnlineScorer:
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

    def score(self, facts: Facts) -> Scored:
        features = self._encode(facts)
        x = np.array(features)
        propensities, scales = self._belief.about(x, self._expand(x))
        return Scored(propensities.take(self._places), tuple(features), scales.take(self._places))


class OnlineModel:
    """A snapshot, of any catalogue."""

    kind = "online"

    def __init__(self, artefact: OnlineArtefact, version: str) -> None:
        """Raises ModelRefused for arms that do not fit the columns."""
        self.version = version
        self.artefact = artefact
        self.encoder = Encoder(artefact.features)
        self.reach = self.encoder.reach
        columns = len(self.encoder.columns)
        _fits(artefact.features, artefact.scale, columns)
        self._expansion = Expansion(binary(self.encoder), artefact.waves, artefact.scale)
        size = self._expansion.size
        self._arms = {
            id: (unpacked(arm.weights, size, most=LARGEST), unpacked(arm.precision, size))
            for id, arm in artefact.arms.items()
        }
        self._kin: dict[tuple[str, str | None], Vector | None] = {}
        self._restored({}, ())
        if any((precision < 1.0 / LARGEST).any() for _, precision in self._arms.values()):
            raise ModelRefused(f"a precision below {1.0 / LARGEST:g}")
        if not all(0.0 <= arm.seen <= _MOST_SEEN for arm in artefact.arms.values()):
            raise ModelRefused(f"a number of answers that is not between 0 and {_MOST_SEEN:g}")

    def bind(self, actions: Sequence[Action]) -> OnlineScorer:
        # By id, whatever their order: a product's last bits depend on where a row stands.
        size, rows = (
            self._expansion.size,
            {id: i for i, id in enumerate(sorted(a.id for a in actions))},
        )
        weights = np.zeros((len(rows), size), np.float32)
        variances = np.zeros((len(rows), size), np.float32)
        seen = np.zeros(len(rows))
        for action in actions:
            row = rows[action.id]
            weights[row], precision = self._believed(action)
            variances[row] = 1.0 / precision
            seen[row] = self.artefact.arms[action.id].seen if action.id in self._arms else 0.0
        places = np.array([rows[action.id] for action in actions], np.intp)
        ordered = sorted(actions, key=lambda one: one.id)
        belief = Belief(weights, variances, seen, *self._restored(rows, ordered))
        return OnlineScorer(self.version, self.encoder, self._expansion, belief, places)

    def _restored(
        self, rows: dict[str, int], actions: Sequence[Action]
    ) -> tuple[Recall, Hindsight, Shared, Balance]:
        recall, hindsight = Recall(self._expansion), Hindsight(self._expansion.columns)
        recall.restore(self.artefact.memories, rows, len(rows))
        hindsight.restore(self.artefact.hindsights, rows, len(rows))
        shared = Shared(self.encoder, self._expansion)
        shared.restore(self.artefact.shares, actions)
        return recall, hindsight, shared, Balance(self.artefact.balance)

    def _believed(self, action: Action) -> tuple[Vector, Vector]:
        """Weights and precision; one never seen has its kin's weights, and no certainty."""
        if action.id in self._arms:
            return self._arms[action.id]
        nothing = np.full(self._expansion.size, RIDGE, np.float32)
        for facet in FACETS[1:]:
            shared = self._shared(facet, getattr(action, facet))
            if shared is not None:
                return shared, nothing
        return self._everyones, nothing

    def _shared(self, facet: str, key: str | None) -> Vector | None:
        """The weights of an action's kin, worked out once; None where it has none."""
        if (facet, key) not in self._kin:
            arms = self.artefact.arms.items()
            kin = [id for id, arm in arms if key is not None and key == getattr(arm, facet)]
            self._kin[facet, key] = self._average(kin) if kin else None
        return self._kin[facet, key]

    @cached_property
    def _everyones(self) -> Vector:
        return self._average(self._arms)

    def _average(self, ids: Iterable[str]) -> Vector:
        """Weights, averaged by how much is known of each."""
        total, seen = np.zeros(self._expansion.size), 0.0
        for id in sorted(ids):
            arm = self.artefact.arms[id]
            total += arm.seen * self._arms[id][0]
            seen += arm.seen
        return (total / max(seen, 1.0)).astype(np.float32)


def binary(encoder: Encoder) -> NDArray[np.bool_]:
    """Which columns are 0 or 1: all but the first of a number."""
    marks = np.ones(len(encoder.columns), np.bool_)
    for feature in encoder.features:
        if isinstance(feature.encoding, Number):
            marks[encoder.spans[feature.name].start] = False
    return marks


def parse_online(data: bytes, version: str) -> OnlineModel:
    """An online model from its artefact (JSON). Raises ModelRefused."""
    try:
        return OnlineModel(msgspec.json.decode(data, type=OnlineArtefact), version)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ModelRefused(f"not an online model's artefact: {error}") from error


def _fits(features: Sequence[Feature], scale: Scale, columns: int) -> None:
    """Raises ModelRefused for more features or columns than can be served, and for a scale of
    other columns than the features make."""
    if len(features) > MOST_COLUMNS:
        raise ModelRefused(f"{len(features):,} features; at most {MOST_COLUMNS:,}")
    if columns > MOST_COLUMNS:
        raise ModelRefused(f"features make {columns:,} columns; at most {MOST_COLUMNS:,}")
    if len(scale.means) != columns or len(scale.squares) != columns:
        raise ModelRefused(f"a scale of {len(scale.means)} columns where {columns} belong")
    known = np.array([scale.rows, *scale.means, *scale.squares])
    if not bool(np.isfinite(known).all()) or scale.rows < 0 or min(scale.squares, default=0.0) < 0:
        raise ModelRefused("a scale that is not finite, or below zero")
