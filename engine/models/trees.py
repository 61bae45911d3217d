"""Gradient boosting: trees over what is known of the customer and of the action.

    logit = slope · (baseline + Σ over trees of the leaf's worth) + shift

The columns are the features', then for each feature with a `match` whether it matches the
action, then what describes the action whoever the customer is: its rate of answers as a logit
(its kin's where it is new), its kind, its group, and the best known by name. Training is
scikit-learn's; here a catalogue's actions are asked all that depends on them alone once, so
that a decision asks the trees about the customer only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain import Action, Facts
from engine.errors import ModelRefused
from engine.models.base import LARGEST, MOST_COLUMNS, Predicted
from engine.models.beta import BetaArtefact, BetaModel, check_rates
from engine.models.encoder import Encoder
from engine.models.features import Feature
from engine.models.forest import Bits, Forest, Packed, Vector

_STEEPEST = 700.0
_SURE = 1e-12


class Known(Struct, frozen=True, forbid_unknown_fields=True):
    """What describes an action whoever the customer is."""

    rates: BetaArtefact
    kinds: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """How many columns that makes."""
        return 1 + len(self.kinds) + len(self.groups) + len(self.ids)


class TreesArtefact(Struct, frozen=True, forbid_unknown_fields=True, tag="teller.trees.1"):
    """What a model of trees is made of."""

    features: tuple[Feature, ...]
    known: Known
    trees: Packed
    baseline: float
    slope: float = 1.0
    shift: float = 0.0


class Columns:
    """The columns trees look at, by the one piece of code that training and serving share."""

    def __init__(self, features: Sequence[Feature], known: Known) -> None:
        self.encoder = Encoder(features)
        self._known = known
        self._rates = BetaModel(known.rates, "")
        self._matched = [feature.name for feature in features if feature.match]
        self.own = len(self.encoder.columns)
        self.matches = range(self.own, self.own + len(self._matched))
        self.total = self.matches.stop + known.width

    def described(self, action: Action) -> list[float]:
        """The action's own columns, the last `known.width` of all."""
        known = self._known
        return [
            log_odds(self._rates.rate(action)),
            *(float(action.kind == kind) for kind in known.kinds),
            *(float(action.group == group) for group in known.groups),
            *(float(action.id == id) for id in known.ids),
        ]

    def matching(self, action: Action) -> list[int]:
        """For each feature with a match, the encoded column that tells; -1 where none can."""
        found = self.encoder.matching(action)
        return [found.get(name, -1) for name in self._matched]

    def rows(self, x: Vector, actions: Sequence[Action]) -> Vector:
        """All columns of rows of encoded facts (rows, own) and the action of each."""
        distinct = {action: i for i, action in enumerate(dict.fromkeys(actions))}
        codes = np.array([distinct[action] for action in actions], np.intp)
        described = np.array([self.described(action) for action in distinct]).reshape(
            len(distinct), -1
        )
        matching = np.array([self.matching(action) for action in distinct], np.intp)
        matching = matching.reshape(len(distinct), len(self._matched))
        padded = np.hstack([x, np.zeros((len(x), 1))])
        matched = np.take_along_axis(padded, matching[codes], axis=1)
        return np.hstack([x, matched, described[codes]])


class TreesPredictor:
    """Trees bound to one catalogue: actions the trees cannot tell apart share a row."""

    def __init__(self, model: TreesModel, actions: Sequence[Action]) -> None:
        self.version = model.version
        self._model = model
        columns, forest = model.columns, model.forest
        self._encode = columns.encoder.encode
        self._customer = forest.splits(range(columns.own))
        self._match = forest.splits(columns.matches)
        self._action = forest.splits(range(columns.matches.stop, columns.total))
        self._actions, self._spread = self._signatures(actions)
        self._unmatched = self._actions & self._match.reachable(np.zeros(columns.total))
        matching = np.array([columns.matching(action) for action in actions], np.intp)
        self._matching = matching.reshape(len(actions), len(columns.matches))

    def predict(self, facts: Facts) -> Predicted:
        features = self._encode(facts)
        row = np.zeros(self._model.columns.total)
        row[: len(features)] = features
        reachable = self._customer.reachable(row)
        margins = self._model.forest.margins(self._unmatched & reachable).take(self._spread)
        if self._matching.shape[1]:
            self._rematch(row, reachable, margins)
        return Predicted(self._model.probabilities(margins), tuple(features))

    def _rematch(self, row: Vector, reachable: Bits, margins: Vector) -> None:
        """Margins anew of the few actions that something of the customer matches."""
        matched = row.take(self._matching)  # -1 is the last column: the action's, here zero
        hits = np.flatnonzero(matched.any(axis=1))
        if not len(hits):
            return
        span = slice(self._model.columns.matches.start, self._model.columns.matches.stop)
        left = np.empty((len(hits), len(reachable)), np.uint64)
        for i, hit in enumerate(hits.tolist()):
            row[span] = matched[hit]
            left[i] = self._match.reachable(row)
        left &= self._actions[self._spread[hits]]
        left &= reachable
        margins[hits] = self._model.forest.margins(left)

    def _signatures(self, actions: Sequence[Action]) -> tuple[Bits, NDArray[np.intp]]:
        """What actions leave reachable, each kind of answer once, and which of them is whose."""
        columns = self._model.columns
        row = np.zeros(columns.total)
        asked: list[Bits] = []
        for action in actions:
            row[columns.matches.stop :] = columns.described(action)
            asked.append(self._action.reachable(row))
        table = np.array(asked, np.uint64).reshape(len(actions), self._model.forest.trees)
        rows, spread = np.unique(table, axis=0, return_inverse=True)
        return rows, spread.reshape(-1)


class TreesModel:
    """Gradient boosting, of any catalogue."""

    kind = "trees"

    def __init__(self, artefact: TreesArtefact, version: str) -> None:
        """Raises ModelRefused for trees that do not fit the columns."""
        self.version = version
        self.artefact = artefact
        self.columns = Columns(artefact.features, artefact.known)
        self.reach = self.columns.encoder.reach
        self.forest = Forest(artefact.trees, self.columns.total)

    def bind(self, actions: Sequence[Action]) -> TreesPredictor:
        return TreesPredictor(self, actions)

    def predict(self, rows: Vector) -> Vector:
        """Propensities of rows of all columns, see `Columns.rows`."""
        return self.probabilities(self.forest.descend(rows))

    def probabilities(self, margins: Vector) -> Vector:
        """The sigmoid of the calibrated sum."""
        artefact = self.artefact
        logits = artefact.slope * (margins + artefact.baseline) + artefact.shift
        return 1.0 / (1.0 + np.exp(np.clip(-logits, -_STEEPEST, _STEEPEST)))


def log_odds(rate: float) -> float:
    """The logit of a rate, finite whatever the rate."""
    likely = min(max(rate, _SURE), 1.0 - _SURE)
    return math.log(likely / (1.0 - likely))


def parse_trees(data: bytes, version: str) -> TreesModel:
    """A model of trees from its artefact (JSON). Raises ModelRefused."""
    try:
        artefact = msgspec.json.decode(data, type=TreesArtefact)
        check_rates(artefact.known.rates)
        _check(artefact)
        return TreesModel(artefact, version)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ModelRefused(f"not an artefact of trees: {error}") from error


def _check(artefact: TreesArtefact) -> None:
    columns = len(Encoder(artefact.features).columns) + artefact.known.width
    if columns > MOST_COLUMNS:
        raise ModelRefused(f"features make {columns:,} columns; at most {MOST_COLUMNS:,}")
    numbers = (artefact.baseline, artefact.slope, artefact.shift)
    if not all(math.isfinite(number) and abs(number) <= LARGEST for number in numbers):
        raise ModelRefused("baseline, slope or shift: a number that is not finite, or too large")
