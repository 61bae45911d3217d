"""The rows of a file as what a model is trained on, and judged by: see `offpolicy.mapping`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from engine.catalogue import Catalogue
from engine.domain import Value
from engine.errors import Misconfigured
from training.batch.declared import check_declared
from training.batch.past import Past, Vector
from training.cells import as_told, declared_in
from training.dataset import examples, milliseconds
from training.offpolicy.mapping import Columns, column, named, number, subjects, texts


def to_past(frame: pd.DataFrame, columns: Columns, catalogue: Catalogue | None) -> Past:
    """The rows of a file. Raises Misconfigured, naming the column at fault."""
    if not len(frame):
        raise Misconfigured("the data has no rows: there is nothing to learn from")
    rewards: Vector = np.asarray(number(frame, columns.reward), np.float64)
    if not np.isfinite(rewards).all():
        raise Misconfigured(
            f"column {columns.reward!r}: row {int((~np.isfinite(rewards)).argmax()) + 1} has no "
            "reward; leave out rows whose answer is not known yet"
        )
    offered = column(frame, columns.action)
    if offered.isna().any():
        raise Misconfigured(
            f"column {columns.action!r}: row {int(offered.isna().argmax()) + 1} names no action; "
            "leave out rows where nothing was offered"
        )
    names = offered.astype("str")
    every = tuple(sorted(set(names)))
    known = dict(zip(every, columns.described(every, catalogue), strict=True))
    table = examples(
        customers=_records(frame, named(columns.customer), "customer", catalogue),
        contexts=_records(frame, named(columns.context), "context", catalogue),
        actions=[known[name] for name in names],
        labels=np.clip(rewards, 0.0, 1.0).tolist(),
        at=_times(frame, columns.at),
        channels=texts(frame, columns.channel),
        subjects=None if columns.subject is None else subjects(frame, columns.subject).tolist(),
    )
    chances = _chances(frame, columns.selection_probability)
    slots = np.ones(len(frame)) if columns.slot is None else number(frame, columns.slot)
    first = np.asarray(slots == 1, np.bool_)
    return Past(table, rewards, chances, texts(frame, columns.placement), first)


def _records(
    frame: pd.DataFrame, columns: Mapping[str, str], room: str, catalogue: Catalogue | None
) -> list[Mapping[str, Value]]:
    """Rows as facts, with what a decision would be told in the place of what is missing."""
    if catalogue is not None:
        for name in columns:
            check_declared(room, name, catalogue)
    for of in columns.values():
        column(frame, of)
    return as_told(frame, columns, declared_in(catalogue, room))


def _times(frame: pd.DataFrame, name: str | None) -> list[int]:
    """Milliseconds; without a column, the order the rows stand in."""
    if name is None:
        return list(range(len(frame)))
    values = column(frame, name)
    if values.isna().any():
        raise Misconfigured(f"column {name!r}: row {int(values.isna().argmax()) + 1} has no time")
    try:
        return milliseconds(values)
    except ValueError as error:
        wrong = str(error).splitlines()[0]  # what follows is advice for who calls pandas
        raise Misconfigured(
            f"column {name!r} must hold times, such as 2026-01-31T12:00Z or milliseconds: {wrong}"
        ) from error


def _chances(frame: pd.DataFrame, name: str | None) -> Vector | None:
    if name is None:
        return None
    chances: Vector = np.asarray(number(frame, name), np.float64)
    if not ((chances > 0) & (chances <= 1)).all():
        raise Misconfigured(
            f"column {name!r}: a selection probability is above 0 and at most 1; what was chosen "
            "had a chance"
        )
    return chances
