"""Figures: what was measured, what it is held against, and whether it holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Literal

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.table import Table


class Figure(Struct, frozen=True):
    """One measured value. `floor` and `ratio` where there is a floor in the same run.

    `target` is a sentence; `holds` is None where nothing was promised. `spread` is the least
    and the most over the repetitions.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    target: str | None = None
    holds: bool | None = None
    spread: tuple[float, float] | None = None


def figure(name: str, samples: Sequence[float], unit: str, most: float | None = None) -> Figure:
    """The median of `samples`, held against an upper bound."""
    value = median(samples)
    return Figure(
        name,
        value,
        unit,
        target=None if most is None else f"≤ {most:g} {unit}",
        holds=None if most is None else value <= most,
        spread=(min(samples), max(samples)),
    )


def against(
    name: str,
    pairs: Sequence[tuple[float, float]],
    unit: str,
    *,
    least: float | None = None,
    most: float | None = None,
) -> Figure:
    """The median ratio of paired (value, floor) samples, held against a bound of the ratio."""
    ratios = [value / floor for value, floor in pairs]
    ratio = median(ratios)
    bound = least if least is not None else most
    holds = None if bound is None else (ratio >= bound if least is not None else ratio <= bound)
    return Figure(
        name,
        median(value for value, _ in pairs),
        unit,
        median(floor for _, floor in pairs),
        ratio,
        None if bound is None else f"{'≥' if least is not None else '≤'} {bound:g} × floor",
        holds,
        (min(ratios), max(ratios)),
    )


def show(figures: Iterable[Figure]) -> None:
    """The table, a row a figure."""
    table = Table("figure", "value", "floor", "ratio", "spread", "target", "holds")
    for row in figures:
        table.add_row(
            row.name,
            f"{_short(row.value)} {row.unit}",
            "" if row.floor is None else _short(row.floor),
            "" if row.ratio is None else f"{row.ratio:.2f}",
            "" if row.spread is None else " … ".join(map(_short, row.spread)),
            row.target or "",
            _VERDICTS[row.holds],
        )
    Console(width=None).print(table)


def write(figures: Sequence[Figure], path: Path) -> None:
    """The same as JSON, so that two commits can be compared."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=1))


_VERDICTS: dict[bool | None, Literal["yes", "NO", ""]] = {True: "yes", False: "NO", None: ""}


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
