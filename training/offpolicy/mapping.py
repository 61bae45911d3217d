"""Any CSV or Parquet file as a log: a mapping says which column is what.

action: offer
reward: clicked
selection_probability: probability
context: [recency, channel]
subject: household
actions: {wine: {group: drinks, value: 3}}
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import msgspec
import pandas as pd
from msgspec import Struct

from engine.domain import Action, Kind
from engine.errors import Misconfigured
from training.offpolicy.logged import Logged, logged
from training.offpolicy.slates import Slates, slates


class Known(Struct, frozen=True, forbid_unknown_fields=True):
    """What a model may know of an action, and what its reward is worth to the business."""

    kind: Kind = "offer"
    group: str | None = None
    purpose: str | None = None
    value: float = 1.0


class Columns(Struct, frozen=True, forbid_unknown_fields=True):
    """Which column of the file is what. `decision` and `slot` (1 is the first) when several
    slots were filled at once; `reward_range` bounds any reward there could have been."""

    action: str
    reward: str
    selection_probability: str
    context: tuple[str, ...] = ()
    subject: str | None = None
    decision: str | None = None
    slot: str | None = None
    reward_range: tuple[float, float] | None = None
    actions: dict[str, Known] = {}

    def described(self, names: tuple[str, ...]) -> list[Action]:
        """The named actions as models know them."""
        known = [self.actions.get(name, Known()) for name in names]
        return [
            Action(name, one.kind, one.group, one.purpose)
            for name, one in zip(names, known, strict=True)
        ]

    def values(self) -> dict[str, float]:
        """What an answer is worth, by action."""
        return {name: known.value for name, known in self.actions.items()}


def read_columns(path: Path) -> Columns:
    """The mapping in a YAML file. Raises Misconfigured, naming the field at fault."""
    try:
        columns = msgspec.yaml.decode(path.read_bytes(), type=Columns)
    except (OSError, msgspec.DecodeError) as error:
        raise Misconfigured(f"mapping {path}: {error}") from error
    if (columns.decision is None) != (columns.slot is None):
        raise Misconfigured(f"mapping {path}: decision and slot belong together; give both")
    return columns


def read_frame(path: Path, text: Iterable[str] = ()) -> pd.DataFrame:
    """A CSV (also compressed) or Parquet file; of a CSV file the columns of `text` are text,
    whatever they look like. Raises Misconfigured."""
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=dict.fromkeys(text, "str"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"data {path}: {error}") from error


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column by name. Raises Misconfigured with the nearest name there is."""
    if name not in frame:
        near = get_close_matches(name, map(str, frame), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(map(str, frame))}"
        raise Misconfigured(f"the data has no column {name!r}; {hint}")
    return frame[name]


def number(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    """A column of numbers; true is 1. Raises Misconfigured for anything else."""
    values = column(frame, name)
    if not pd.api.types.is_numeric_dtype(values):
        raise Misconfigured(
            f"column {name!r} must hold numbers, or true and false, but holds {values.dtype}"
        )
    return values.astype(float)


def to_log(frame: pd.DataFrame, columns: Columns) -> Logged:
    """The log in a file's columns. Raises Misconfigured."""
    contexts = [_plain(frame, name) for name in columns.context]
    return logged(
        actions=column(frame, columns.action),
        rewards=number(frame, columns.reward),
        probabilities=number(frame, columns.selection_probability),
        contexts=pd.concat(contexts, axis=1) if contexts else None,
        subjects=None if columns.subject is None else column(frame, columns.subject),
        names=tuple(columns.actions),
    )


def to_slates(frame: pd.DataFrame, columns: Columns) -> Slates | None:
    """How rows make up slates; None where each row is a decision of its own."""
    if columns.decision is None or columns.slot is None:
        return None
    return slates(column(frame, columns.decision), number(frame, columns.slot))


def _plain(frame: pd.DataFrame, name: str) -> pd.Series:
    values = column(frame, name)
    if values.map(pd.api.types.is_scalar).all():
        return values
    raise Misconfigured(f"column {name!r} holds lists; a context holds one value a row")
