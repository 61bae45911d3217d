"""Facts to numbers: the one piece of code that does it, as the features declare.

Serving encodes one customer's facts, training encodes rows of them: both through
`Encoder.encode`, so that a model is asked what it was taught.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.domain import Action, Facts
from engine.history import History
from engine.models.features import (
    FAR,
    Category,
    Facet,
    Feature,
    Members,
    Number,
    absent,
    check,
    parts,
)

_REAL = (int, float)

_Write: TypeAlias = Callable[[list[float], object], None]

_Scale: TypeAlias = tuple[Any, int, float, float, float, float, bool]
"""What to ask for a number; its column; what it must lie between; its mean and its scale; whether
the column after it says that it is missing. A plain tuple, which is the quickest to unpack."""


class Encoder:
    """Declared features, ready to turn facts into a row of finite numbers.

    `reach` is how far back, in ms, their windows look.

    Raises ValueError, naming the feature, for a declaration that makes no sense.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = tuple(features)
        self.reach = max([feature.within or 0 for feature in features], default=0)
        self.columns: list[str] = []
        self.spans: dict[str, range] = {}
        self._missing: list[float] = []
        self._numbers: dict[str, list[_Scale]] = {"customer": [], "context": [], "history": []}
        self._plain: list[tuple[Callable[[Facts], object], _Write]] = []
        self._historic: list[tuple[Callable[[History], object], _Write]] = []
        for feature in features:
            self._add(feature)

    def _add(self, feature: Feature) -> None:
        check(feature)
        if feature.name in self.spans:
            raise ValueError(f"feature '{feature.name}' is declared twice")
        start = len(self.columns)
        self._missing += absent(feature.encoding)
        self.columns += [f"{feature.name}{part}" for part in parts(feature.encoding)]
        self.spans[feature.name] = range(start, len(self.columns))
        room, _, name = feature.source.partition(".")
        if isinstance(feature.encoding, Number):
            if room != "channel":  # whose name is no number, ever
                key = _ask(feature) if room == "history" else name
                self._numbers[room].append(_scale(key, feature.encoding, start))
        elif room == "history":
            self._historic.append((_ask(feature), _writer(feature.encoding, start)))
        else:
            self._plain.append((_reader(room, name), _writer(feature.encoding, start)))

    def crossed(self, facet: Facet) -> list[int]:
        """The columns that are crossed with `facet`, ascending."""
        return [
            column
            for feature in self.features
            if facet in feature.by
            for column in self.spans[feature.name]
        ]

    def matching(self, action: Action) -> dict[str, int]:
        """Feature with a `match` -> the column that is 1 when it matches this action."""
        found: dict[str, int] = {}
        for feature in self.features:
            if feature.match and not isinstance(feature.encoding, Number):
                own, values = getattr(action, feature.match), feature.encoding.values
                if own in values:
                    found[feature.name] = self.spans[feature.name][values.index(own)]
        return found

    def encode(self, facts: Facts) -> list[float]:
        """One row: a finite number per column."""
        row, numbers = self._missing.copy(), self._numbers
        _scaled(row, facts.customer.get, numbers["customer"])
        _scaled(row, facts.context.get, numbers["context"])
        for read, write in self._plain:
            write(row, read(facts))
        if self._historic or numbers["history"]:
            history = History(facts.events, facts.now)
            _scaled(row, lambda ask: ask(history), numbers["history"])
            for ask, write in self._historic:
                write(row, ask(history))
        return row

    def matrix(self, rows: Sequence[Facts]) -> NDArray[np.float64]:
        """Rows × columns, by the very code that serves.

        Rows that hold the very same objects (a customer offered ten things at once) are
        encoded once.
        """
        number: dict[tuple[int, int, int, str, int], int] = {}
        encoded: list[list[float]] = []
        spread: list[int] = []
        for facts in rows:
            same = (
                id(facts.customer),
                id(facts.context),
                id(facts.events),
                facts.channel,
                facts.now,
            )
            place = number.setdefault(same, len(encoded))
            if place == len(encoded):
                encoded.append(self.encode(facts))
            spread.append(place)
        shape = len(encoded), len(self.columns)
        return np.array(encoded, dtype=np.float64).reshape(shape)[spread]


def _reader(room: str, name: str) -> Callable[[Facts], object]:
    if room == "customer":
        return lambda facts: facts.customer.get(name)
    if room == "context":
        return lambda facts: facts.context.get(name)
    return lambda facts: facts.channel


def _ask(feature: Feature) -> Callable[[History], object]:
    event, where, within = feature.event, feature.where, feature.within
    if feature.source == "history.count":
        return lambda history: history.count(event, within=within, **where)
    return lambda history: history.days_since(event, **where)


def _scale(key: object, encoding: Number, column: int) -> _Scale:
    mean, far = encoding.mean, FAR * encoding.scale
    return key, column, mean - far, mean + far, mean, encoding.scale, encoding.indicator


def _scaled(row: list[float], read: Callable[[Any], object], scales: Iterable[_Scale]) -> None:
    """All numbers of one source in one loop: a call or two for each took twice as long."""
    for key, column, low, high, mean, scale, indicated in scales:
        value = read(key)
        # The comparison turns away NaN, infinities and integers too big for a float alike.
        if isinstance(value, _REAL) and low < value < high:
            row[column] = (value - mean) / scale
            if indicated:
                row[column + 1] = 0.0


def _writer(encoding: Category | Members, start: int) -> _Write:
    slots: dict[object, int] = {value: start + i for i, value in enumerate(encoding.values)}
    if isinstance(encoding, Members):
        return _members(slots)
    return _category(slots, start + len(slots) if encoding.other else None)


def _category(slots: dict[object, int], other: int | None) -> _Write:
    def write(row: list[float], value: object) -> None:
        if isinstance(value, (str, int)):
            slot = slots.get(value, other)
            if slot is not None:
                row[slot] = 1.0

    return write


def _members(slots: dict[object, int]) -> _Write:
    mark = _category(slots, None)

    def write(row: list[float], value: object) -> None:
        if isinstance(value, list):
            for item in value:
                mark(row, item)

    return write
