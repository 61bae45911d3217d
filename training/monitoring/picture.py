"""Pictures of a watch, as SVG that stands on its own in a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.monitoring.findings import Findings, Shift
from training.offpolicy.picture import ASKED, BASELINE, INK, REFUSED, short, to_svg
from training.report import Interval

_MOST = 30
_SHADES = 0.5  # a PSI from which the colour does not deepen
RANKS, SHARES = "AUC", "share"


class Line(NamedTuple):
    """A figure over the windows; None where it is not known."""

    name: str
    colour: str
    values: Sequence[Interval | None]


def heat(found: Findings) -> Markup:
    """How far each column moved in each window, the farthest first: white where chance explains
    it, bold where it alarms."""
    names = sorted(
        {shift.name for window in found.windows for shift in window.shifts},
        key=lambda name: -max((window.of(name) or _NONE).index for window in found.windows),
    )[:_MOST]
    figure = Figure(figsize=(8, 1.0 + 0.3 * max(len(names), 1)), layout="constrained")
    axes = figure.subplots()
    table = np.array(
        [[_beyond_chance(window.of(name) or _NONE) for window in found.windows] for name in names]
    ).reshape(len(names), len(found.windows))
    axes.imshow(np.minimum(table, _SHADES), cmap="OrRd", vmin=0, vmax=_SHADES, aspect="auto")
    for row, name in enumerate(names):
        for place, window in enumerate(found.windows):
            shift = window.of(name) or _NONE
            deep = table[row, place] > _SHADES * 0.6
            axes.text(
                place, row, f"{shift.index:.2f}", ha="center", va="center", fontsize=8,
                color="white" if deep else INK,
                weight="bold" if shift.verdict == "alarm" else "normal",
            )  # fmt: skip
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_xticks(range(len(found.windows)), [str(n + 1) for n in range(len(found.windows))])
    axes.set_xlabel(
        "window; PSI against the reference: white where chance explains it, bold where it alarms",
        color=INK,
    )
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return to_svg(figure)


def _beyond_chance(shift: Shift) -> float:
    return np.nan if shift.verdict == "steady" else shift.index


def actions(found: Findings) -> Markup:
    """Of each action, the most shown first: what was answered with its interval, what was promised,
    and what had been answered before."""
    shown = found.actions[:_MOST]
    figure = Figure(figsize=(8, 1.1 + 0.3 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for row, one in enumerate(shown):
        axes.plot([one.answered.low, one.answered.high], [row, row], color=ASKED, lw=2.5)
    for name, colour, marker, values in (
        ("answered", ASKED, "o", [one.answered.value for one in shown]),
        ("promised", BASELINE, "D", [one.promised for one in shown]),
        ("answered before", REFUSED, "|", [one.before for one in shown]),
    ):
        known = [(value, row) for row, value in enumerate(values) if value is not None]
        axes.plot(
            [value for value, _ in known], [row for _, row in known], marker, color=colour,
            ms=9 if marker == "|" else 6, mew=2 if marker == "|" else 1, label=name,
        )  # fmt: skip
    axes.set_yticks(range(len(shown)), [short(one.action) for one in shown], parse_math=False)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(left=0.0)
    axes.set_xlabel("rate of answers since, 95% interval", color=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    figure.legend(frameon=False, loc="outside upper left", ncols=3)
    return to_svg(figure)


def lines(found: Findings) -> Markup:
    """Base rate and promises, AUC, and shares of exploration and fallbacks, over the windows;
    the reference stands first, at 0. What nobody knows has no picture."""
    panels = {title: known for title, lines in _panels(found).items() if (known := _known(lines))}
    if not panels:
        return Markup()
    figure = Figure(figsize=(8, 2.2 * len(panels)), layout="constrained")
    stacked = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    windows = len(found.windows)
    for axes, (title, known) in zip(stacked, panels.items(), strict=True):
        for line in known:
            _series(axes, line)
        axes.set_ylabel(title, color=INK)
        axes.axvline(0.5, color=INK, lw=0.8, ls=":")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlim(-0.3, windows + 0.3)
        axes.set_xticks(range(windows + 1), ["before", *map(str, range(1, windows + 1))])
        axes.legend(frameon=False, loc="best", ncols=2)
        if title == RANKS:
            axes.axhline(0.5, color=BASELINE, lw=0.8, ls=":")
        if title == SHARES:
            axes.set_ylim(bottom=0.0)
    figure.supxlabel("window", color=INK, fontsize="medium")
    return to_svg(figure)


def _panels(found: Findings) -> dict[str, list[Line]]:
    all_windows = (found.reference, *found.windows)
    did = [window.performance for window in all_windows]
    promised = [None if one is None else one.promised for one in did]
    return {
        "rate of answers": [
            Line("answered", ASKED, [None if one is None else one.answered for one in did]),
            Line("promised", BASELINE, [_exact(value) for value in promised]),
        ],
        RANKS: [Line("AUC", ASKED, [None if one is None else one.auc for one in did])],
        SHARES: [
            Line("explored", ASKED, [window.explored for window in all_windows]),
            Line("fallback", REFUSED, [window.fallback for window in all_windows]),
        ],
    }


def _known(lines: list[Line]) -> list[Line]:
    return [line for line in lines if any(one is not None for one in line.values)]


def _series(axes: Axes, line: Line) -> None:
    """A line with its intervals; where nothing is known there is a gap."""
    known = [(place, one) for place, one in enumerate(line.values) if one is not None]
    places = [place for place, _ in known]
    axes.fill_between(
        places, [one.low for _, one in known], [one.high for _, one in known],
        color=line.colour, alpha=0.15, lw=0,
    )  # fmt: skip
    values = [one.value for _, one in known]
    axes.plot(places, values, "o-", color=line.colour, ms=4, label=line.name)


def _exact(value: float | None) -> Interval | None:
    return None if value is None else Interval(value, value, value)


_NONE = Shift("", 0.0, 0.0, "steady")
