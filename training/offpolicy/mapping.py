"""Any CSV or Parquet file of what was shown and what came of it: a mapping says which column is
what, to train on it, to evaluate policies and to judge a version by it.

action: offer
reward: clicked
selection_probability: probability
customer: {plan: tariff, spend_12m: spend}    # attribute: column; or a list where they are alike
context: [page]
at: sent_at
subject: household
actions: {wine: {group: drinks, value: 3}}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import pandas as pd
from msgspec import Struct

from engine.catalogue import Catalogue
from engine.domain import Action, Events, Facts, Kind
from engine.errors import Misconfigured
from engine.files import unread
from training.cells import as_text, as_told, declared_in
from training.hints import nearest
from training.offpolicy.logged import Logged, logged
from training.offpolicy.slates import Slates, slates


class Known(Struct, frozen=True, forbid_unknown_fields=True):
    """What a model may know of an action, and what its reward is worth to the business."""

    kind: Kind = "offer"
    group: str | None = None
    purpose: str | None = None
    value: float = 1.0


Named = tuple[str, ...] | dict[str, str]
"""Columns by attribute, or a list where they are called alike."""


class Columns(Struct, frozen=True, forbid_unknown_fields=True):
    """Which column of the file is what; what is left out is not known. A `reward` above 0 is an
    answer. Without `at` the rows are in order of time as they stand. `actions` says what a model
    may know of an action; a catalogue says it better. `decision` and `slot` (1 is the first) when
    several slots were filled at once; `reward_range` bounds any reward there could have been."""

    action: str
    reward: str
    customer: Named = ()
    context: Named = ()
    at: str | None = None
    channel: str | None = None
    placement: str | None = None
    subject: str | None = None
    selection_probability: str | None = None
    decision: str | None = None
    slot: str | None = None
    reward_range: tuple[float, float] | None = None
    actions: dict[str, Known] = {}

    def described(self, names: tuple[str, ...], catalogue: Catalogue | None) -> list[Action]:
        """The named actions as models know them: as the catalogue has, else as said here."""
        return [self._described(name, catalogue) for name in names]

    def _described(self, name: str, catalogue: Catalogue | None) -> Action:
        if catalogue is not None and name in catalogue.index:
            return catalogue.actions[catalogue.index[name]]
        known = self.actions.get(name, Known())
        return Action(name, known.kind, known.group, known.purpose)


def named(columns: Named) -> Mapping[str, str]:
    """Attribute -> column."""
    return columns if isinstance(columns, dict) else {name: name for name in columns}


def read_columns(path: Path) -> Columns:
    """The mapping in a YAML file. Raises Misconfigured, naming the field at fault."""
    try:
        columns = msgspec.yaml.decode(path.read_bytes(), type=Columns)
    except (OSError, msgspec.DecodeError) as error:
        raise unread("mapping", path, error) from error
    if columns.reward in {*named(columns.customer).values(), *named(columns.context).values()}:
        raise Misconfigured(
            f"mapping {path}: {columns.reward!r} is the reward, which nobody knows beforehand; it "
            "cannot be among customer or context too"
        )
    if (columns.decision is None) != (columns.slot is None):
        raise Misconfigured(f"mapping {path}: decision and slot belong together; give both")
    return columns


def text_columns(columns: Columns, catalogue: Catalogue | None) -> list[str]:
    """The columns that are text, whatever they look like in a CSV file."""
    names = (columns.action, columns.channel, columns.placement, columns.subject)
    return [
        *(name for name in names if name),
        *as_text(named(columns.customer), declared_in(catalogue, "customer")),
        *as_text(named(columns.context), declared_in(catalogue, "context")),
    ]


def read_frame(path: Path, text: Iterable[str] = ()) -> pd.DataFrame:
    """A CSV (also compressed) or Parquet file; of a CSV file the columns of `text` are text,
    whatever they look like. Raises Misconfigured."""
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=dict.fromkeys(text, "str"))
    except (OSError, ValueError) as error:
        raise unread("data", path, error) from error


def column(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column by name. Raises Misconfigured with the nearest name there is."""
    if name not in frame:
        hint = nearest(name, map(str, frame))
        raise Misconfigured(f"the data has no column {name!r}; {hint}")
    return frame[name]


def number(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    """A column of numbers; true is 1. Raises Misconfigured for anything else."""
    values = column(frame, name)
    if len(values) and not pd.api.types.is_numeric_dtype(values):
        raise Misconfigured(
            f"column {name!r} must hold numbers, or true and false, but holds {values.dtype}"
        )
    return values.astype(float)


def texts(frame: pd.DataFrame, name: str | None) -> list[str]:
    """A column of names, "" where there is none."""
    if name is None:
        return [""] * len(frame)
    values = column(frame, name)
    return values.astype("str").where(values.notna(), "").tolist()


def subjects(frame: pd.DataFrame, name: str) -> pd.Series[str]:
    """Whose a row is; one that says nobody's is a customer of its own."""
    values = column(frame, name)
    # Not \0: where pandas before 3.1 compares names, one ends there, and all of these are one.
    alone = pd.Series([f"\x01{row}" for row in range(len(frame))], values.index, dtype="object")
    return values.astype("str").astype("object").where(values.notna(), alone)


def to_log(frame: pd.DataFrame, columns: Columns) -> Logged:
    """The log in a file's columns; of its contexts, those of one value a row. Raises Misconfigured,
    also where nobody knows with which chance anything was chosen."""
    if columns.selection_probability is None:
        raise Misconfigured(
            "the mapping names no selection_probability: without the chance with which each "
            "action was chosen, nobody knows what another policy would have earned"
        )
    known = {*named(columns.customer).values(), *named(columns.context).values()}
    contexts = [one for name in sorted(known) if _plain(one := column(frame, name))]
    return logged(
        actions=column(frame, columns.action),
        rewards=number(frame, columns.reward),
        probabilities=number(frame, columns.selection_probability),
        contexts=pd.concat(contexts, axis=1) if contexts else None,
        subjects=None if columns.subject is None else subjects(frame, columns.subject),
        names=tuple(columns.actions),
    )


def to_facts(frame: pd.DataFrame, columns: Columns, catalogue: Catalogue | None) -> list[Facts]:
    """What a model may look at, a row; of attributes the catalogue declares as it would be told.
    Where no column is the customer's, the context's are to it both `customer.<column>` and
    `context.<column>`."""
    whose = columns.customer or columns.context
    customer = as_told(frame, named(whose), declared_in(catalogue, "customer"))
    context = as_told(frame, named(columns.context), declared_in(catalogue, "context"))
    told = zip(customer, context, texts(frame, columns.channel), strict=True)
    return [Facts(who, moment, Events(), channel, 0) for who, moment, channel in told]


def to_slates(frame: pd.DataFrame, columns: Columns) -> Slates | None:
    """How rows make up slates; None where each row is a decision of its own."""
    if columns.decision is None or columns.slot is None:
        return None
    return slates(column(frame, columns.decision), number(frame, columns.slot))


def _plain(values: pd.Series) -> bool:
    """A list tells a reward model nothing."""
    return bool(values.map(pd.api.types.is_scalar).all())
