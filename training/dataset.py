"""The training table: facts as served, the action, whether it was answered, when, how heavy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.domain import Action, Events, Facts, Value
from engine.models.encoder import Encoder
from engine.models.features import Feature, Number

Mask = NDArray[np.bool_]
WIDE = 2.0**64


@dataclass(frozen=True)
class Examples:
    """One offer a row. `labels`, from 0 to 1, are what came of it: its reward, of which a
    propensity is the expected value; above 0 it was answered. `at` is in ms; `weights`
    (importance) are above 0; `subjects` number the customers, whose rows are not independent of
    each other."""

    facts: Sequence[Facts]
    actions: Sequence[Action]
    labels: NDArray[np.float64]
    at: NDArray[np.int64]
    weights: NDArray[np.float64]
    subjects: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.facts)

    @property
    def answered(self) -> int:
        """How many of the offers were, whatever that is worth."""
        return int((self.labels > 0.0).sum())

    def where(self, mask: Mask) -> Examples:
        """The rows a boolean mask keeps."""
        kept = np.flatnonzero(mask).tolist()
        return Examples(
            [self.facts[i] for i in kept],
            [self.actions[i] for i in kept],
            self.labels[mask],
            self.at[mask],
            self.weights[mask],
            self.subjects[mask],
        )

    def split(self, cut: int) -> tuple[Examples, Examples]:
        """Rows before `cut` (ms) and rows from it on. Raises ValueError unless both sides hold
        positive and negative rows: nothing could be learnt, or nothing measured. Where no cut
        would help it does not ask for another."""
        before = self.at < cut
        for mask, side in ((before, "before"), (~before, "from")):
            if not _mixed(self.labels[mask]):
                hint = "; move the cut" if _mixed(self.labels) else ""
                raise ValueError(f"{_one_sided(self.labels[mask], side)}{hint}")
        return self.where(before), self.where(~before)


def _mixed(labels: NDArray[np.float64]) -> bool:
    return bool(0 < labels.sum() < len(labels))


def _one_sided(labels: NDArray[np.float64], side: str) -> str:
    if not len(labels):
        return f"there are no rows {side} the cut"
    those = f"of the {len(labels):,} rows {side} the cut"
    return f"all {those} were answered" if labels.any() else f"none {those} was answered"


def examples(  # noqa: PLR0913 - the columns of the table
    *,
    customers: Sequence[Mapping[str, Value]],
    actions: Sequence[Action],
    labels: Sequence[float],
    at: Sequence[int],
    contexts: Sequence[Mapping[str, Value]] | None = None,
    channels: Sequence[str] | str = "",
    events: Sequence[Events] | None = None,
    weights: Sequence[float] | None = None,
    subjects: Sequence[object] | None = None,
) -> Examples:
    """The table from plain columns, all of one length; what is left out is nothing, or 1.

    Without `subjects` every row is taken for a customer of its own, and intervals will be
    too narrow where it is not. Raises ValueError for columns that do not fit together.
    """
    rows = len(customers)
    channel = [channels] * rows if isinstance(channels, str) else channels
    context = contexts if contexts is not None else [{}] * rows
    history = events if events is not None else [Events()] * rows
    facts = [Facts(*row) for row in zip(customers, context, history, channel, at, strict=True)]
    weight = np.ones(rows) if weights is None else np.asarray(weights, np.float64)
    whose = np.arange(rows) if subjects is None else pd.factorize(np.asarray(subjects))[0]
    table = Examples(
        facts,
        actions,
        np.asarray(labels, np.float64),
        np.asarray(at, np.int64),
        weight,
        whose.astype(np.int64),
    )
    _check(table)
    return table


def from_frame(  # noqa: PLR0913 - the columns of the table
    frame: pd.DataFrame,
    actions: Mapping[str, Action],
    *,
    customer: Iterable[str],
    context: Iterable[str] = (),
    action: str = "action",
    label: str = "label",
    at: str = "at",
    channel: str | None = None,
    weight: str | None = None,
    subject: str | None = None,
) -> Examples:
    """The table from a frame's columns; NaN, NaT and None are unknown.

    `at` holds times (pandas') or ms. Raises KeyError for an action that is not in `actions`.
    """
    return examples(
        customers=_records(frame, customer),
        contexts=_records(frame, context),
        actions=[actions[id] for id in frame[action].tolist()],
        labels=frame[label].astype(float).tolist(),
        at=milliseconds(frame[at]),
        channels="" if channel is None else frame[channel].tolist(),
        weights=None if weight is None else frame[weight].tolist(),
        subjects=None if subject is None else frame[subject].tolist(),
    )


def scaled(features: Iterable[Feature], table: Examples) -> tuple[Feature, ...]:
    """The declarations with each number's mean, scale and missing value (its mean) as in these
    rows. Give it training rows only, lest the future leak into the scales."""
    declared = tuple(features)
    # A power of two divides exactly; the indicator column tells which rows know the number.
    probe = Number(scale=WIDE, indicator=True)
    numbers = [feature for feature in declared if isinstance(feature.encoding, Number)]
    encoder = Encoder([msgspec.structs.replace(number, encoding=probe) for number in numbers])
    rows = encoder.matrix(table.facts)
    values = {
        name: rows[rows[:, span[1]] == 0.0, span[0]] * WIDE for name, span in encoder.spans.items()
    }
    return tuple(_scaled(feature, values) for feature in declared)


def _scaled(feature: Feature, known: Mapping[str, NDArray[np.float64]]) -> Feature:
    if not isinstance(feature.encoding, Number):
        return feature
    values = known[feature.name]
    mean, spread = (float(values.mean()), float(values.std())) if len(values) else (0.0, 1.0)
    scale = spread if spread > 1e-9 * max(1.0, abs(mean)) else 1.0
    encoding = Number(mean, scale, mean, feature.encoding.indicator)
    return msgspec.structs.replace(feature, encoding=encoding)


def _records(frame: pd.DataFrame, columns: Iterable[str]) -> list[Mapping[str, Value]]:
    names = list(columns)
    values = [frame[name].tolist() for name in names]
    if not names:
        return [{}] * len(frame)
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def milliseconds(column: pd.Series[Any]) -> list[int]:
    """Times (pandas' or ISO 8601 text, UTC unless they say) or ms, as ms. Raises ValueError."""
    if pd.api.types.is_numeric_dtype(column):
        return [int(at) for at in column.tolist()]
    times = pd.to_datetime(column, utc=True, format="ISO8601")
    return times.dt.as_unit("ms").astype("int64").tolist()


def _check(table: Examples) -> None:
    rows = len(table)
    columns = (table.actions, table.labels, table.at, table.weights, table.subjects)
    if any(len(column) != rows for column in columns):
        raise ValueError(f"{rows} customers, but columns of {[len(c) for c in columns]} rows")
    if not ((table.labels >= 0.0) & (table.labels <= 1.0)).all():
        raise ValueError("labels are from 0 to 1; keep out rows whose outcome is not known yet")
    if not (np.isfinite(table.weights) & (table.weights > 0)).all():
        raise ValueError("weights must be finite and above zero")
