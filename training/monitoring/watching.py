"""The watch itself: each window of later rows held against the reference."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from engine.errors import Misconfigured
from training.monitoring.binned import binned
from training.monitoring.findings import Findings, Missing
from training.monitoring.judging import ASKED_OF_ANSWERS, USUAL, Judge, Limits
from training.monitoring.traffic import Traffic

FEWEST = 100
"""Rows a window must have to be held against anything."""


def watch(
    traffic: Traffic,
    *,
    reference: float = 0.3,
    until: int | None = None,
    windows: int = 10,
    limits: Limits = USUAL,
) -> Findings:
    """The rows before `until` (ms; else the first `reference` share) held against the rest, cut
    into `windows` of equally many rows. Raises Misconfigured where either is too small."""
    first = int(len(traffic) * reference if until is None else np.searchsorted(traffic.at, until))
    edges = np.linspace(first, len(traffic), windows + 1).astype(int).tolist()
    parts = list(pairwise(edges))
    least = min(last - start for start, last in parts)
    smallest = min(first, least)
    if smallest < FEWEST:
        raise Misconfigured(
            f"{first:,} of {len(traffic):,} rows to compare with, and {least:,} in the smallest of "
            f"{windows} windows after them: at least {FEWEST} are needed in each; ask for another "
            "reference or fewer windows, or wait for more traffic"
        )
    columns = dict(binned(traffic, first, smallest))
    questions = windows * (len(columns) + len(ASKED_OF_ANSWERS))
    judge = Judge(traffic.rows(0, first), columns, limits, limits.level / questions)
    after = traffic.rows(first, len(traffic))
    return Findings(
        level=limits.level,
        questions=questions,
        timed=traffic.timed,
        reference=judge.reference,
        windows=tuple(judge.window(traffic.rows(*part), part) for part in parts),
        actions=tuple(judge.actions(after)),
        missing=tuple(_missing(judge.before, after)),
    )


def _missing(before: Traffic, after: Traffic) -> Iterator[Missing]:
    """The fields that are asked for, those missed most often first."""
    found = [
        Missing(name, *(_absent(traffic, name) for traffic in (after, before)))
        for name in after.asked
    ]
    yield from sorted(found, key=lambda one: (-one.share, one.field))


def _absent(traffic: Traffic, name: str) -> float:
    if name not in traffic.inputs:
        return 1.0
    return float(traffic.inputs[name][traffic.known].isna().mean()) if traffic.known.any() else 0.0
