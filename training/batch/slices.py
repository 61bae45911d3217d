"""How a model did on parts of the test rows: by action, group, channel, placement, attribute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.domain import Value
from engine.models.features import Feature, Number
from training.batch.past import Past
from training.figures import Decimals
from training.offpolicy.estimators import Terms
from training.offpolicy.intervals import bootstrap
from training.report import Interval, auc, interval, log_losses

LEAST = 30
"""Fewer rows than this say nothing."""

MOST_VALUES = 20
"""Of one way to cut, the parts with the most rows."""

UNKNOWN = "unknown"

_FEW = 3

Vector = NDArray[np.float64]
Labels = NDArray[np.str_]


class Slice(Struct, frozen=True):
    """A part of the test rows: `by` is how they were cut, `value` which part this is.

    `promised` and `answered` are weighted means. `gap`: answered less promised, its interval
    over customers; where that leaves out zero, the model is off there. `auc` is None where
    all rows have one answer.
    """

    by: str
    value: str
    rows: int
    promised: float
    answered: float
    gap: Interval
    auc: float | None
    log_loss: float


class _Part(NamedTuple):
    by: str
    value: str
    mask: NDArray[np.bool_]


def slices(
    test: Past, promised: Vector, features: Sequence[Feature], *, resamples: int, seed: int
) -> tuple[Slice, ...]:
    """Every part of at least thirty rows."""
    parts = [part for by, labels in _cuts(test, features) for part in _parts(by, labels)]
    if not parts:
        return ()
    table = test.table
    errors = table.weights * (table.labels - promised)
    terms = [Terms(errors * part.mask, table.weights * part.mask) for part in parts]
    spread = bootstrap(terms, table.subjects, resamples, seed)
    return tuple(
        _slice(part, test, promised, interval(term.value, draws[np.isfinite(draws)]))
        for part, term, draws in zip(parts, terms, spread.T, strict=True)
    )


def _cuts(test: Past, features: Sequence[Feature]) -> Iterator[tuple[str, Labels]]:
    actions, facts = test.table.actions, test.table.facts
    yield "action", np.array([action.id for action in actions])
    yield "group", np.array([action.group or "none" for action in actions])
    yield "channel", np.array([one.channel or UNKNOWN for one in facts])
    yield "placement", np.array([place or UNKNOWN for place in test.placements])
    for feature in features:
        room, _, name = feature.source.partition(".")
        if room == "customer":
            values = [one.customer.get(name) for one in facts]
            number = isinstance(feature.encoding, Number)
            yield feature.source, _thirds(values) if number else _words(values)


def _parts(by: str, labels: Labels) -> Iterator[_Part]:
    values, rows = np.unique(labels, return_counts=True)
    most = np.argsort(-rows, kind="stable")[:MOST_VALUES]
    if len(values) < 2 and by != "action":
        return
    for value, count in zip(values[most].tolist(), rows[most].tolist(), strict=True):
        if count >= LEAST:
            yield _Part(by, value, labels == value)


def _slice(part: _Part, test: Past, promised: Vector, gap: Interval) -> Slice:
    labels, weights = test.table.labels[part.mask], test.table.weights[part.mask]
    said = promised[part.mask]
    return Slice(
        part.by,
        part.value,
        int(part.mask.sum()),
        float(np.average(said, weights=weights)),
        float(np.average(labels, weights=weights)),
        gap,
        auc(labels, said, weights) if 0 < labels.sum() < len(labels) else None,
        float(np.average(log_losses(labels, said), weights=weights)),
    )


def _words(values: Sequence[Value | None]) -> Labels:
    told = [",".join(map(str, one)) if isinstance(one, list) else one for one in values]
    return np.array([UNKNOWN if one is None else str(one) for one in told])


def _thirds(values: Sequence[Value | None]) -> Labels:
    """Low, middle and high, cut so that each holds a third of the known ones; where there are no
    more than three to tell apart, each for itself."""
    numbers = np.array([one if isinstance(one, int | float) else np.nan for one in values], float)
    known = np.isfinite(numbers)
    if not known.any():
        return np.full(len(values), UNKNOWN)
    if len(np.unique(numbers[known])) <= _FEW:
        return np.array([f"{one:g}" if np.isfinite(one) else UNKNOWN for one in numbers])
    low, high = np.quantile(numbers[known], [1 / 3, 2 / 3])
    shown = Decimals([Interval(low, low, high)]).number
    names = [f"up to {shown(low)}", f"{shown(low)} to {shown(high)}", f"above {shown(high)}"]
    thirds = np.where(numbers <= low, names[0], np.where(numbers <= high, names[1], names[2]))
    return np.where(known, thirds, UNKNOWN)
