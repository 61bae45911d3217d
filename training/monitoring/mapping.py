"""Any CSV or Parquet file as traffic: a mapping says which column is what.

answered: y
inputs: [age, job, month]
promised: score
at: called_at
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
from msgspec import Struct

from engine.errors import Misconfigured
from engine.files import unread
from training.monitoring.traffic import Numbers, Traffic, Vector
from training.offpolicy.mapping import column, number


class Watched(Struct, frozen=True, forbid_unknown_fields=True):
    """Which column of the file is what; what is left out is not known. Without `at` the rows
    are in order of time as they stand."""

    inputs: tuple[str, ...]
    answered: str | None = None
    promised: str | None = None
    selection_probability: str | None = None
    action: str | None = None
    subject: str | None = None
    at: str | None = None
    fallback: str | None = None


def read_watched(path: Path) -> Watched:
    """The mapping in a YAML file. Raises Misconfigured, naming the field at fault and, for a
    mapping of another command, those that belong here."""
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=Watched)
    except msgspec.DecodeError as error:
        known = ", ".join(Watched.__struct_fields__)
        raise Misconfigured(f"mapping {path}: {error}; its fields are {known}") from error
    except OSError as error:
        raise unread("mapping", path, error) from error


def to_traffic(frame: pd.DataFrame, columns: Watched) -> Traffic:
    """The traffic in a file's columns, in order of time. Raises Misconfigured."""
    if not len(frame):
        raise Misconfigured("the data has no rows: there is nothing to watch")
    if columns.at is not None:
        times = _milliseconds(column(frame, columns.at), columns.at)
        order = np.argsort(times, kind="stable")
        frame, at = frame.iloc[order], times[order]
    else:
        at = np.arange(1, len(frame) + 1)
    subjects = columns.subject and pd.factorize(column(frame, columns.subject))[0]
    return Traffic(
        inputs=pd.DataFrame({name: column(frame, name).to_numpy() for name in columns.inputs}),
        at=at,
        subjects=np.arange(len(frame)) if subjects is None else np.asarray(subjects, np.int64),
        actions=_actions(frame, columns.action),
        promised=_within(frame, columns.promised),
        answered=_within(frame, columns.answered),
        chances=_within(frame, columns.selection_probability),
        fallback=_within(frame, columns.fallback),
        known=np.ones(len(frame), np.bool_),
        timed=columns.at is not None,
    )


def _actions(frame: pd.DataFrame, name: str | None) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    if name is None:
        return np.full(len(frame), "", np.str_)
    return np.asarray(column(frame, name).fillna("").astype(str), np.str_)


def _within(frame: pd.DataFrame, name: str | None) -> Vector:
    """A column of probabilities, rates or answers: 0 to 1, or missing."""
    if name is None:
        return np.full(len(frame), np.nan)
    values = np.asarray(number(frame, name), np.float64)
    if (bad := (values < 0) | (values > 1)).any():
        raise Misconfigured(
            f"column {name!r}, row {int(bad.argmax()) + 1}: {values[bad.argmax()]:g} is not "
            "between 0 and 1"
        )
    return values


def _milliseconds(times: pd.Series, name: str) -> Numbers:
    try:
        moments = (
            pd.to_datetime(times, unit="ms", utc=True)
            if pd.api.types.is_numeric_dtype(times)
            else pd.to_datetime(times, format="ISO8601", utc=True)
        )
    except (ValueError, TypeError) as error:
        raise Misconfigured(
            f"column {name!r} must hold times, in ms or ISO 8601: {error}"
        ) from error
    if moments.isna().any():
        raise Misconfigured(f"column {name!r}: every row needs a time")
    return np.asarray(moments.dt.as_unit("ms").astype("int64"), np.int64)
