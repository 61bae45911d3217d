"""What a candidate is judged on: recent offers and their answers, and decisions to make again.

Only what came after it was learnt counts: of what it has seen, a model is always right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.catalogue import Catalogue
from engine.domain import Action, Events, Facts
from engine.errors import NotFound
from training.batch.mapping import to_past
from training.dataset import Examples, Mask
from training.experience import read_experience
from training.offpolicy.logged import Logged, Vector
from training.offpolicy.mapping import (
    Columns,
    Known,
    read_columns,
    read_frame,
    text_columns,
    to_log,
)
from training.offpolicy.traffic import Log, Traffic, read_traffic
from training.offpolicy.worth import worths

MOST = 20_000
"""Rows and decisions looked at, the latest."""

_DAYS = 30


class File(NamedTuple):
    """Logged choices, the actions by the log's numbers, and a row's facts and what an answer to
    each action is worth there."""

    log: Logged
    actions: Sequence[Action]
    facts: Sequence[Facts]
    worth: Vector


class Evidence(NamedTuple):
    """`table` None: there is nothing to judge by, for the reason in `missing`; `traffic`:
    decisions that can be made again, if there are any; `file`: what they were in a file, where
    their chances are known; `outside`: nothing here is of the house's own."""

    table: Examples | None
    traffic: Traffic | None = None
    missing: str = ""
    file: File | None = None
    outside: bool = False


def unseen_from(metadata: Mapping[str, object]) -> int:
    """From when on (ms) a version has seen nothing, as its metadata says: the `cut` of its
    `report`, or just after a learner's `at`; 0 where it does not say."""
    report = metadata.get("report")
    cut = report.get("cut") if isinstance(report, Mapping) else None
    at = metadata.get("at")
    said = at + 1 if isinstance(at, int) else cut
    return said if isinstance(said, int) else 0


def of_house(data: Path, log: Log, catalogue: Catalogue, now: int, since: int) -> Evidence:
    """The house's own: the archive's offers of the last month, the logs' decisions, both from
    `since` (ms) on."""
    window = catalogue.strategy.attribution
    start = datetime.fromtimestamp(max(since, now - window) / 1000, UTC) - timedelta(days=_DAYS)
    try:
        known = read_experience(data, catalogue, now=now, since=start.date())
    except NotFound as error:
        return Evidence(
            None, missing=f"{error}; or, unless the learner decides, judge it by a file"
        )
    unseen = known.table.where(known.table.at >= since)
    recent = unseen.where(_latest(unseen))
    try:
        traffic = read_traffic(log, now=now, window=window, most=MOST).since(since)
    except NotFound:
        return Evidence(recent)
    found = traffic if traffic.decisions else None
    return Evidence(recent, found)


def of_file(data: Path, mapping: Path, catalogue: Catalogue, since: int) -> Evidence:
    """The rows of a file, read by the mapping and as the catalogue declares them, as training reads
    it; where it knows times those from `since` (ms) on.

    Raises Misconfigured.
    """
    columns = read_columns(mapping)
    frame = read_frame(data, text_columns(columns, catalogue))
    whole = to_past(frame, columns, catalogue)
    new = whole.table.at >= since if columns.at else np.ones(len(frame), np.bool_)
    table = whole.table.where(new)
    recent = _latest(table)
    rows = table.where(recent)
    if not len(rows):
        last = datetime.fromtimestamp(since / 1000, UTC)
        said = f"no row of {data} came after {last:%Y-%m-%dT%H:%MZ}, up to when it or the champion"
        return Evidence(None, missing=f"{said} had learnt", outside=True)
    if columns.selection_probability is None:
        return Evidence(rows, outside=True)
    log = to_log(frame[new][recent], columns)
    known = columns.described(log.names, catalogue)
    worth = _worth(rows, log, columns, catalogue)
    return Evidence(rows, file=File(log, known, rows.facts, worth), outside=True)


def _worth(rows: Examples, log: Logged, columns: Columns, catalogue: Catalogue) -> Vector:
    """A row's of each of the log's names: as the catalogue has it, or else the mapping."""
    places = np.array([catalogue.index.get(name, -1) for name in log.names])
    told = np.array([columns.actions.get(name, Known()).value for name in log.names])
    each = worths(catalogue)
    return np.where(places < 0, told, np.stack([each(facts)[places] for facts in rows.facts]))


def samples(evidence: Evidence, count: int = 100) -> list[Facts]:
    """Facts to try a model on, spread over the evidence; without any, facts of nobody."""
    table = evidence.table
    if table is None or not len(table):
        return [Facts({}, {}, Events(), "", 0)]
    return [table.facts[i] for i in np.linspace(0, len(table) - 1, count, dtype=int).tolist()]


def _latest(table: Examples) -> Mask:
    newest = np.argsort(table.at, kind="stable")[-MOST:]
    mask = np.zeros(len(table), np.bool_)
    mask[newest] = True
    return mask
